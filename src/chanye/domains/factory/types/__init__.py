"""What may cross the wall of the factory room, by subject."""
