"""Every read of the projects room."""
