"""Pure decisions of the factory room, by subject."""
