"""Changes that can be trusted: whatever happens in the middle of one, it ends as if nothing had."""
