"""What an upgrade changed, with an interval that covers: estimators on frozen arrays, each checked against print."""
