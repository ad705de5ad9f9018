"""Tables of the projects room."""
