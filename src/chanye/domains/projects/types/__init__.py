"""What may cross the wall of the projects room."""
