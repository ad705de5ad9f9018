"""What an upgrade really did: baseline, effect, interval, certificate."""
