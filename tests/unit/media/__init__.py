"""Tests of codecs and of the jitter buffer."""
