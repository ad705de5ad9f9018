"""The factory room: machines, shifts, key figures."""
