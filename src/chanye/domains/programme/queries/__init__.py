"""Every read of the programme room."""
