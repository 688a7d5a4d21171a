"""Debian's toxic, unmodified, knows only our bootstrap node and gets online: on Debian's library, on ours."""

import pytest

from tests.support.bootstrapd import until
from tests.support.private_network import HOST
from tests.support.programs import Microsocks
from tests.support.toxic import ONLINE_TIMEOUT_S, Toxic, debians_library, our_library


@pytest.mark.parametrize("library", [debians_library, our_library])
@pytest.mark.parametrize("way", ["udp", "tcp", "socks5"])
def test_toxic_gets_online_through_our_node_alone(toxic_network, tmp_path, library, way):
    arguments, proxy = [], None
    if way != "udp":
        arguments.append("-t")
    if way == "socks5":
        proxy = Microsocks(tmp_path, HOST)
        arguments += ["-p", proxy.host, str(proxy.port)]
    try:
        toxic = Toxic(tmp_path / "toxic", toxic_network.node, library, *arguments)
        try:
            until(toxic.is_online, ONLINE_TIMEOUT_S, toxic.text)
        finally:
            toxic.close()
    finally:
        if proxy is not None:
            proxy.close()
