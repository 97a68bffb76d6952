"""Health checks, freshness, overdue work and the rules for alerts."""
