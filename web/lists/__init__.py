"""Lists of rows in the admin: texts of cells, filters, pages by key, export, saved filters."""
