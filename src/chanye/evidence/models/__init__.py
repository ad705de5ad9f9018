"""Tables of the evidence room."""
