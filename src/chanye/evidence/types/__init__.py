"""What may cross the wall of the evidence room."""
