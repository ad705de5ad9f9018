"""Decisions of the projects room. Pure."""
