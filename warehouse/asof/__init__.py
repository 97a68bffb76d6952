"""Readers of facts as of a time: the only functions that read market data and earlier results for computing.

Each module reads one kind of fact. A reader returns columns, arrays of equal length, of one symbol and a range of
times. "As of t" means: with `timestamp` up to t, epoch ms. A reader never fetches from the provider and never writes.
"""
