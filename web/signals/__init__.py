"""Pages of signals: those of a session, and one signal with everything that led to it."""
