"""Past trades from the provider's REST history and from flat files, and the repair of gaps."""
