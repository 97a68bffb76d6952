"""The consumer process: reads the socket, attaches quotes and prices to trades, and builds batches."""
