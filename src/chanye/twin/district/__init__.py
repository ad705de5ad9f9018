"""Firms of a district whose upgrades have known effects: what counters say, and what would have been without."""
