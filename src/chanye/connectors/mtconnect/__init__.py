"""MTConnect: machines behind an agent (HTTP) or a bare adapter (SHDR over TCP)."""
