"""Releases: published states of everything, what they were made from, and the switch from one to the next."""
