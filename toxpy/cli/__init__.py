"""Programs: `python -m toxpy <command>`."""
