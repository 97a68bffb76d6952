"""Detectors of trade setups: one file per rule, declared with `signals.rules.rule`; the list is `registry`."""
