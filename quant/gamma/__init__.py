"""Dealer gamma exposure of a chain."""
