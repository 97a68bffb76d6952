"""Tables, their SQL, partitions, retention, bulk loading and read queries."""
