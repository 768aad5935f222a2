"""The adapters: one room per system that knows the intended or the observed state."""
