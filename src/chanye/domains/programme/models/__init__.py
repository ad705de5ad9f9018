"""Tables of the programme room."""
