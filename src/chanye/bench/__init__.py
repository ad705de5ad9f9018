"""Workloads, peers and the protocol of `chanye bench`: ratios in one run, never only absolute times."""
