"""Drawings inside cells."""
