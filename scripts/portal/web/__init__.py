"""Web: what every answer over HTTP shares, whoever made it: connections, turns, large bodies, errors, files."""
