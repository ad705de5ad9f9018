"""Pages of the scoreboard."""
