"""The laboratory itself: is a symmetric NAT symmetric, is a bad link as bad as it says?"""

import subprocess
from pathlib import Path

import pytest

from tests.netns import nat
from tests.netns.lab import BadLink, Lab


@pytest.mark.parametrize("kind", nat.KINDS)
def test_nat_kind(lab, kind):
    first, second = lab.host("first"), lab.host("second")
    client = lab.nat_host("client", kind)
    assert nat.classify(client, first, second) == kind


def test_nat_keeps_its_kind_for_a_peer_that_knocked_first(lab):
    """An unasked packet must not turn a port-restricted router symmetric for that peer."""
    first, second = lab.host("first"), lab.host("second")
    client = lab.nat_host("client", "port_restricted")
    with client.socket() as inside, first.socket() as known, second.socket() as peer:
        inside.sendto(b"open", known.getsockname())
        mapped = known.recvfrom(100)[1]
        peer.sendto(b"knock", mapped)
        known.sendto(b"ping", mapped)
        assert inside.recvfrom(100)[0] == b"ping"
        inside.sendto(b"hello", peer.getsockname())
        assert peer.recvfrom(100) == (b"hello", mapped)


def test_bad_link(lab):
    """The numbers that arrive, their order and how often."""
    sender = lab.host("sender")
    receiver = lab.host("receiver", bad_link=BadLink(loss=0.3, reorder=0.2, duplicate=0.05, seed=7))
    count, arrived = 2000, []
    with sender.socket() as out, receiver.socket() as into:
        for number in range(count):
            out.sendto(b"%d" % number, into.getsockname())
            into.settimeout(0.001)
            arrived += _drain(into)
        into.settimeout(1)
        arrived += _drain(into)
    different = len(set(arrived))
    doubled = len(arrived) - different
    overtaken = sum(later < earlier for earlier, later in zip(arrived, arrived[1:], strict=False))
    assert 0.62 * count < different < 0.80 * count, different
    assert 0.01 * count < doubled < 0.08 * count, doubled
    assert overtaken > 0.05 * count, overtaken


def _drain(into):
    numbers = []
    try:
        while True:
            numbers.append(int(into.recvfrom(100)[0]))
    except TimeoutError:
        return numbers


def test_cut_and_firewall(lab):
    one, two = lab.host("one"), lab.host("two")
    with one.socket() as sender, two.socket() as receiver:
        for close, reopen in ((lab.cut, lab.restore), (lab.block_udp, lab.allow_udp)):
            close(two)
            sender.sendto(b"lost", receiver.getsockname())
            reopen(two)
            sender.sendto(b"passed", receiver.getsockname())
            assert receiver.recvfrom(100)[0] == b"passed"


def test_close_removes_everything():
    made = Lab()
    host = made.nat_host("client", "full_cone")
    process = host.popen("sleep", "1000", stdout=subprocess.DEVNULL)
    names = list(made.namespaces)
    assert len(names) == 3 and all(Path("/run/netns", name).exists() for name in names)
    made.close()
    assert process.poll() is not None
    assert not any(Path(folder, name).exists() for name in names for folder in ("/run/netns", "/etc/netns"))
