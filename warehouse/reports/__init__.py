"""Reports on the tables: the schema page, and statistics of ingestion."""
