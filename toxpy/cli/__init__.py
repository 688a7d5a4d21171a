"""Programs: `toxpy COMMAND`."""
