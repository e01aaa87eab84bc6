"""Checks: packages against frictionless, our rules and the documents; pure functions from data to findings."""
