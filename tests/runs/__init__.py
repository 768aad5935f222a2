"""What a run must obey and remember."""
