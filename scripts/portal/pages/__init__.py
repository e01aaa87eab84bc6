"""Pages: what the site shows, and the two MkDocs builds that show it."""
