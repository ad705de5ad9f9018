"""Lots and serials, EPCIS events and genealogy across rooms."""
