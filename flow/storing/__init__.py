"""Batches of trades into `options_flow_history`: checked, classified, loaded, cancels matched."""
