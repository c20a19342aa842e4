"""Settings, environments, paths."""
