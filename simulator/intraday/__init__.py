"""What can be added to the random walk within a session: kinds of days, and setups that are planted."""
