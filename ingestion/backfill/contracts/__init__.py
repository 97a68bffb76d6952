"""Lists of the contracts that were listed at past sessions."""
