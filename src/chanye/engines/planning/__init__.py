"""Plans of a real plant: one problem model, exact and local search under one clock, a bound beside every plan."""
