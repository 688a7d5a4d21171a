"""Calls: audio and video between two friends."""
