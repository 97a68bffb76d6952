"""Data documents of the charts of an optimisation."""
