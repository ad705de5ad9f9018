"""What may cross the wall of the programme room."""
