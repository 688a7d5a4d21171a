"""A bootstrap node and relay for everybody."""
