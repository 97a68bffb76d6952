"""Everything served over HTTP: the admin, health and metrics endpoints."""
