"""Commands of Django that the product does better."""
