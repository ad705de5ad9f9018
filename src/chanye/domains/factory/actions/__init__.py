"""Every write of the factory room, by subject."""
