"""API: Datasette and CKAN's actions over one release, what they may cost, and their documentation."""
