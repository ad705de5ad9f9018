"""``chanye demo``: a simulated machine shop with months of history, live; or the score of what the product says."""
