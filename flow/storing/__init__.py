"""Storing of batches in `options_flow_history`: checks, classification, loading, matching of cancels."""
