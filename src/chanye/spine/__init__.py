"""The data spine: assets, series, samples, frames, roll-ups."""
