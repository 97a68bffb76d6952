"""Declaration of detectors as rules, and evaluation of a rule on a record of features."""
