"""Simulation of the firings of past sessions: their outcomes, and those of random entries."""
