"""Links that lose, reorder and double packets, and links that are dead for a minute."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.netns.lab import BadLink
from tests.netns.network import Client, befriend, bootstrap_nodes

MESSAGES = 10_000
CUT_S = 60
#: what c-toxcore's timers allow, and then some for a slow machine
CONNECT_S = 150


def two_friends(lab, program, libraries, *, alice_host, **options):
    nodes = bootstrap_nodes(lab)
    hosts = (alice_host, lab.host("bob"))
    alice, bob = (
        Client(program, host, library, nodes=nodes, ipv6=False, **options)
        for host, library in zip(hosts, libraries, strict=True)
    )
    befriend(alice, bob)
    for client in (alice, bob):
        client.wait("FRIEND", CONNECT_S, "udp")
    return alice, bob


@pytest.mark.timeout(500)
@pytest.mark.parametrize("libraries", ["ours-ours", "ours-real", "real-ours"])
def test_ten_thousand_messages_over_a_bad_link(lab, client_program, libraries):
    """30% loss, 20% reordering, 5% duplication in both directions: each message arrives once, in order."""
    link = BadLink(loss=0.3, reorder=0.2, duplicate=0.05)
    alice_host = lab.host("alice", bad_link=link)
    alice, bob = two_friends(lab, client_program, libraries.split("-"), alice_host=alice_host)
    alice.command("send", MESSAGES)
    bob.command("send", 100)
    assert bob.wait_messages(MESSAGES, 60) == list(range(1, MESSAGES + 1))
    assert alice.wait_messages(100, 60) == list(range(1, 101))
    # the connection lasted, and nothing comes twice later on
    alice.wait("READ", 60)
    assert [text for _, name, text in alice.events if name == "FRIEND"] == ["udp"]
    assert len(bob.received) == MESSAGES
    assert not alice.errors() and not bob.errors()


def live_through_a_cut(lab, program, libraries, name):
    """Alice's link is dead for a minute. Returns the events of both since then."""
    hosts = (lab.host(f"alice-{name}"), lab.host(f"bob-{name}"))
    alice, bob = (
        Client(program, host, library, nodes=lab.nodes, relays=lab.nodes[:2], ipv6=False)
        for host, library in zip(hosts, libraries, strict=True)
    )
    befriend(alice, bob)
    for client in (alice, bob):
        client.wait("SELF", CONNECT_S, "udp")
        client.wait("FRIEND", CONNECT_S, "udp")
    alice.command("send", 10)
    bob.wait_messages(10, CONNECT_S)

    marks = [client.mark() for client in (alice, bob)]
    lab.cut(alice.host)
    time.sleep(CUT_S)
    offline = [alice.when("FRIEND", "none", after=marks[0]), bob.when("FRIEND", "none", after=marks[1])]
    lab.restore(alice.host)

    assert None not in offline, f"{name}: not reported offline within {CUT_S} s: {alice.events} {bob.events}"
    for client, mark in zip((alice, bob), marks, strict=True):
        gone = next(
            at
            for at, (_, event, text) in enumerate(client.events)
            if at >= mark and (event, text) == ("FRIEND", "none")
        )
        client.wait("FRIEND", CONNECT_S, "udp", after=gone)
    bob.command("send", 10)
    alice.wait_messages(10, CONNECT_S)
    assert alice.received == list(range(1, 11))
    assert not alice.errors() and not bob.errors()


@pytest.mark.timeout(CUT_S + 4 * CONNECT_S)
def test_a_link_that_is_cut_for_a_minute(lab, client_program):
    """Both sides see each other go (c-toxcore: after 32 s without a packet) and come back by themselves."""
    bootstrap_nodes(lab)
    pairs = ("ours-ours", "ours-real", "real-ours")
    with ThreadPoolExecutor(len(pairs)) as pool:
        runs = [pool.submit(live_through_a_cut, lab, client_program, pair.split("-"), pair) for pair in pairs]
        for run in runs:
            run.result()
