"""Benchmarks: the same C programs on c-toxcore's library and on ours, in interleaved rounds.

`c/` holds the programs, which use nothing but the public C API; the modules here build them,
run them and show what came out. docs/performance.md says how to use it and what the rows mean.
"""
