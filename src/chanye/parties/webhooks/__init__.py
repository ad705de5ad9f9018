"""Webhooks: other systems are told of events, signed, in order, at least once."""
