"""Detectors of trade setups: one file per rule, declared with `signals.detectors.rule`; the list is `registry`."""
