"""Micro-benchmarks of the hot path: `make microbench`. What they check is that the step did its work."""
