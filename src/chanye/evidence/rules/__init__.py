"""Decisions of the evidence room. Pure."""
