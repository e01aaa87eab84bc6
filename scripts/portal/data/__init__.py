"""Data: descriptors and tables read into frozen models, and findings about them."""
