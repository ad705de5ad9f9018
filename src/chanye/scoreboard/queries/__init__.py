"""Every read of the scoreboard: composed from what other rooms answer; it owns no tables."""
