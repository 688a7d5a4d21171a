"""Sockets, streams and what else the kernel gives."""
