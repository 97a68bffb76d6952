"""The pattern library: conditions over documented fields, evaluated on each bar of a symbol."""
