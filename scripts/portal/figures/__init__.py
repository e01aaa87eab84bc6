"""Figures: the catalogue of all observations, and what one of them says in words."""
