"""The only code that touches devices: one folder a protocol."""
