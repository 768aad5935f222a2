"""An example of what others bring: a platform, a source of truth, and models."""
