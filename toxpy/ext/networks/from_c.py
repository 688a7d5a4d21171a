"""The options of a C program for other networks: `tox_options_set_experimental_endpoint` and the like."""

from __future__ import annotations

from toxpy.ext.networks.options import PORT, SAM, TOR_CONTROL, Endpoint
from toxpy.generated import enums
from toxpy.network.network_address import AddressType
from toxpy.network.only_networks import OnlyNetworks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.options import Options

#: Bits of the number for networks.
_BITS = 32


def apply_networks(options: Options, only: int, kind: int, address: bytes, port: int, secret: bytes) -> None:
    """Change the options; ValueError, and nothing is changed, for what makes no sense.

    `only`: a bit for each network, 0 for all. `kind`: a TOX_ENDPOINT_TYPE. The header says what the rest is.
    """
    types = [number for number in range(_BITS) if only >> number & 1]
    endpoint = _endpoint(kind, address.decode("ascii", "replace"), port, secret, types)
    if types:
        limit = OnlyNetworks(types)
        options.only_networks = limit.types
        # names that the program has us look up would be seen
        options.proxy_may_leak = options.proxy_may_leak and limit.has_ip
    if endpoint is not None:
        options.endpoint = endpoint


def _endpoint(kind: int, address: str, port: int, secret: bytes, types: list[int]) -> Endpoint | None:
    if kind == enums.TOX_ENDPOINT_TYPE_NONE:
        return None
    if kind == enums.TOX_ENDPOINT_TYPE_FRIENDS:
        wanted = AddressType.ONION if not types or AddressType.ONION in types else AddressType(types[-1])
        return Endpoint.friends(wanted)
    if kind == enums.TOX_ENDPOINT_TYPE_TOR:
        return Endpoint.tor(address or TOR_CONTROL, password=secret or None, port=port or PORT)
    if kind == enums.TOX_ENDPOINT_TYPE_I2P:
        return Endpoint.i2p(address or SAM, port=port or PORT)
    return Endpoint.name(address, port)
