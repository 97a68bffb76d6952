"""REST interface of the provider, served from the simulated market."""
