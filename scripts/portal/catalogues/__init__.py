"""Catalogues: what harvesters, search engines and libraries read, each by its standard."""
