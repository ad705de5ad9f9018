"""The historian: durable samples, their versions, and reads that say how much is known."""
