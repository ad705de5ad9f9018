"""Orchard and field: reference evapotranspiration, soil water, probes, phenology."""
