"""Debian's tor in a network of its own: what becomes reachable by it, and comes back after it was killed."""

import os
import time

import pytest

from tests.support.private_network import PrivateNetwork
from tests.support.service_ends import LOOPBACK, ServiceEnds
from tests.support.tornet import TorNet
from toxpy.ext.networks.service import OnionService

pytestmark = [pytest.mark.namespaces, pytest.mark.package(name="tor"), pytest.mark.timeout(300)]


@pytest.fixture
def net(tmp_path):
    with PrivateNetwork(), TorNet(tmp_path) as made:
        yield made


def onion_service(net, **options):
    """By the first client's tor."""
    control = LOOPBACK, net.clients[0].control
    return ServiceEnds(lambda **world: OnionService(control, 33445, **options, **world))


def test_an_onion_service(net):
    ends = onion_service(net, cookie_file=os.fsencode(net.clients[0].cookie))
    address, _ = ends.ready()
    data = bytes(range(256)) * 400
    ends.come(net.clients[1].socks, address, data)

    # tor crashes, and comes up again
    net.clients[0].kill()
    ends.until(lambda: isinstance(ends.said[-1], str))
    net.clients[0].start()
    again, _ = ends.ready(2)
    assert again == address
    net.until_ready(net.clients[:1], time.monotonic())
    ends.come(net.clients[1].socks, address, data)

    # the profile keeps the key, so a restart changes nothing
    key = ends.service.key
    ends.close()
    ends = onion_service(net, key=key)
    assert ends.ready()[0] == address
    ends.come(net.clients[1].socks, address, data)

    # a password that is none of tor's, and somebody who is not tor
    other = onion_service(net, password=b"secret")
    other.until(lambda: other.said)
    assert other.said == ["tor's control port takes no password: HashedControlPassword in the torrc sets one"]
    other.close()
    false_cookie = net.folder / "false"
    false_cookie.write_bytes(bytes(32))
    other = onion_service(net, cookie_file=os.fsencode(false_cookie))
    other.until(lambda: other.said)
    assert other.said == ["what listens at tor's control port does not know tor's cookie"]
    other.close()

    # two programs with one profile
    other = onion_service(net, key=key)
    other.until(lambda: other.said)
    assert other.said == ["tor has this onion service already: is another program using the same profile?"]
    other.close()
    ends.close()
