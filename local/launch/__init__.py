"""`make demo` and `make up`: the supervisor and the services it starts."""
