"""Which contracts were listed at a past session."""
