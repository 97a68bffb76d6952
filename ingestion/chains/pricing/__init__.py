"""Greeks of a chain: inputs of its pricing, our own values, and checks of the provider's."""
