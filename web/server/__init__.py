"""The web server: gunicorn's settings, and a worker whose threads never wait for slow clients."""
