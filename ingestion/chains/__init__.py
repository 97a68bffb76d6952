"""Option chains of live slots: fetched, checked, computed, stored."""
