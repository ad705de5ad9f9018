"""Every write of the programme room."""
