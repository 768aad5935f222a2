"""NAPALM drivers of this project's own."""
