"""SQLite: the database that the API serves, written from checked packages."""
