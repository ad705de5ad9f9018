"""Decisions of the programme room. Pure."""
