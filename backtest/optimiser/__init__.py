"""Weights of scores that would have won most, and how they do on sessions that they were not fitted to."""
