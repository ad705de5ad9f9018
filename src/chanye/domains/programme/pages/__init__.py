"""Pages of the programme room."""
