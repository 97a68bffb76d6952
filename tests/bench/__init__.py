"""Benchmarks: `make bench`. Results are ratios within one run, because machines are noisy; none can fail."""

from __future__ import annotations
