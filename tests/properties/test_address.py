"""Codec laws of packed nodes: round trip, no leftovers, any bytes fail or re-encode to themselves."""

from hypothesis import given
from hypothesis import strategies as st

from toxpy.errors import PacketError
from toxpy.wire.address import V4_MAPPED_PREFIX, Node, pack_node, pack_nodes, unpack_node, unpack_nodes

ips = st.binary(min_size=4, max_size=4) | st.binary(min_size=16, max_size=16).filter(
    lambda ip: not ip.startswith(V4_MAPPED_PREFIX)
)
nodes = st.builds(
    Node,
    st.binary(min_size=32, max_size=32),
    st.tuples(ips, st.integers(0, 65535)),
    st.booleans(),
)


@given(st.lists(nodes, max_size=8))
def test_round_trip(many):
    packed = pack_nodes(many)
    assert unpack_nodes(packed, len(many)) == (many, len(packed))


@given(nodes, st.data())
def test_every_truncation_fails(node, data):
    packed = pack_node(node)
    size = data.draw(st.integers(0, len(packed) - 1))
    try:
        unpack_node(packed[:size])
    except PacketError:
        return
    raise AssertionError("a cut node decoded")


@given(st.sampled_from([2, 10, 130, 138]), st.binary(max_size=60))
def test_arbitrary_bytes_fail_or_re_encode(family, rest):
    data = bytes((family,)) + rest
    try:
        node, end = unpack_node(data)
    except PacketError:
        return
    mapped = len(data) > 17 and family in (10, 138) and data[1:17].startswith(V4_MAPPED_PREFIX)
    assert mapped or pack_node(node) == data[:end]
