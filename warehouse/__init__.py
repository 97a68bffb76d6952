"""The tables, their SQL, partitions, retention, bulk loading, read queries and admin."""
