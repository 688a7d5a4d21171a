"""Tests of handshakes, policies and pins."""
