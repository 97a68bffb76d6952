"""The front page: its data documents and how it is served."""
