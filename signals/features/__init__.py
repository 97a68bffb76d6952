"""The record of features that detectors and engines read, and its construction from stored columns."""
