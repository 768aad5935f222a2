"""Packages of others, as they would be written, and the tests that they work without a change of ours."""
