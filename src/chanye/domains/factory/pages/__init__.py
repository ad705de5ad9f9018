"""Pages of the factory room, by subject."""
