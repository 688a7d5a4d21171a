"""The profile: its format, its file, its saving."""
