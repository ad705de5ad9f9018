"""Pure functions on frozen data: planning, lines, quality, agronomy, freight, effects."""
