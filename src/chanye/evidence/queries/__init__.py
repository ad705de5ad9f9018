"""Every read of the evidence room."""
