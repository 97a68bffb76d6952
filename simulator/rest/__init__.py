"""The provider's REST interface over the simulated market."""
