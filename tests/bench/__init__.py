"""Measurements as ratios within one run, since machines are noisy: `make bench`. Nothing here can fail."""

from __future__ import annotations
