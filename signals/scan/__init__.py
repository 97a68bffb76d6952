"""The scanner: which signals a session has, how they are stored, followed to their end and announced."""
