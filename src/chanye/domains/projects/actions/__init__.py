"""Every write of the projects room."""
