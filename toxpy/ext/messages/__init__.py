"""Messages with ids, of any length, that can be edited and deleted."""
