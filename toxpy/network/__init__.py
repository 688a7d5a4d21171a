"""A node of the network, with a user or without."""
