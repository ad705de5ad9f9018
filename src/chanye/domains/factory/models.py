"""Tables of the factory room."""
