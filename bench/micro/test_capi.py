"""Calls of the C API from C: time per 10 000 calls, with the 20 us or so of asking the host for them."""

from __future__ import annotations

import pytest

CALLS = [
    "iterate",
    "interval",
    "public_key",
    "address",
    "friend_status",
    "friend_exists",
    "friend_key",
    "name_get",
    "name_set",
    "status_set",
    "message_refused",
    "hash_1000",
]
#: these take too long for so many
SLOW = {"savedata": 10}


@pytest.mark.parametrize("name", CALLS)
def test_10000_calls(benchmark, host, name):
    benchmark(host.call, name, 10_000)


@pytest.mark.parametrize("name", SLOW)
def test_slow_calls(benchmark, host, name):
    benchmark(host.call, name, SLOW[name])
