"""Proofs: every published form read back by another program, and compared with the package cell by cell."""
