"""NetBox and Nautobot as they are, in the tests."""
