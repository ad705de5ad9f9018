"""Every read of the factory room, by subject; each takes the viewer first."""
