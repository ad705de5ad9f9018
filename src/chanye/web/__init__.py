"""Settings, URLs, base templates, components, static files and translations."""
