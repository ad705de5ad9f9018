"""Rooms that do not know each other: factory, orchard, hub, programme, projects."""
