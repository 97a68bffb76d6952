"""Bulk loading: numpy columns to PostgreSQL by binary COPY."""
