"""Charts: which figures deserve one, its specification, and the drawing."""
