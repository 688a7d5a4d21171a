"""What a client of a relay asks; our own asks for nothing to be forwarded."""

from toxpy.dht.forwarding import pack_chain
from toxpy.wire.address import pack_ip_port
from toxpy.wire.packets import MAX_FORWARD_DATA_SIZE


def pack_relay_request(node, keys, data):
    """What a client gives its TCP relay: `data` to `node`, and from there along the keys."""
    chain = pack_chain(keys, data)
    if len(chain) > MAX_FORWARD_DATA_SIZE:
        raise ValueError(f"a relay forwards at most {MAX_FORWARD_DATA_SIZE} bytes")
    return pack_ip_port(node) + chain
