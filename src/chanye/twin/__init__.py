"""The world outside, simulated: machines and meters that speak real protocols and know the truth."""
