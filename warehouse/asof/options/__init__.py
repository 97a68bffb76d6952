"""Readers of single option contracts: their quotes in the snapshots of several slots."""
