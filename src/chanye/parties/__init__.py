"""Organisations, people, roles, permissions and the audit chain."""
