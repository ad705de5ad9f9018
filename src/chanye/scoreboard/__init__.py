"""What the district and the public read; composes queries and owns no tables."""
