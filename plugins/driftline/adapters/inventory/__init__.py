"""Inventories of Nornir and Ansible: read as intended state for what they hold, and printed from any dataset."""
