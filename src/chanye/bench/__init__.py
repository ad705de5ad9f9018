"""Workloads that measure what was promised, against peers run side by side in the same call."""
