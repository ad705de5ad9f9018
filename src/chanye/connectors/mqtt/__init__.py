"""MQTT: subscribe to any broker, or read the embedded one, and turn payloads into readings by rules."""
