"""Template tags of own pages."""
