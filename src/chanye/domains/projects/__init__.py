"""The district's projects: pipeline, milestones, ranking; and its statistics: returns, targets, releases."""
