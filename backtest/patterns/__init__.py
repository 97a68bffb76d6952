"""What the patterns of the library are worth: the outcomes of the signals on whose bar their conditions held."""
