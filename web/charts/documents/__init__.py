"""Data documents of charts: one function per chart, one shape for all (`web.charts.documents.document`).

Each takes what is shown and `at_ms`, and reads the warehouse as it was known at `at_ms`.
"""
