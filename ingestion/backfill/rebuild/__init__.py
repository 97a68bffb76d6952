"""Past chains, rebuilt from bars of option contracts."""
