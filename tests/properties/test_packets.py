"""Every layout of the table is a sound codec: what it packs it unpacks, and sizes are what they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxpy.wire.packets import TABLE

LAYOUTS = [layout for layouts in TABLE.values() for layout in layouts]


def fields_of(layout):
    """A value for every fixed field: a number, or bytes."""
    packed = layout.unpack_from(bytes(layout.size))
    return st.tuples(
        *(
            st.integers(0, (1 << 8 * size) - 1)
            if isinstance(zero, int)
            else st.binary(min_size=size, max_size=size)
            for zero, size in zip(packed[1:], layout.fields.values(), strict=True)
        )
    )


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
@given(data=st.data())
def test_what_is_packed_is_unpacked(layout, data):
    fields = data.draw(fields_of(layout))
    tail = data.draw(
        st.binary(min_size=layout.min_size - layout.size, max_size=min(layout.max_size - layout.size, 99))
        if layout.tail and layout.min_size - layout.size <= 99
        else st.just(bytes(layout.min_size - layout.size))
    )
    packet = layout.make(*fields) + tail
    assert layout.fits(packet) and packet[:1] == layout.prefix
    assert layout.unpack_from(packet) == (layout.kind, *fields)
    assert layout.pack(*layout.unpack_from(packet)) + packet[layout.size :] == packet
    for name, value in zip(layout.fields, fields, strict=True):
        at = layout.offset(name)
        raw = packet[at : at + layout.fields[name]]
        assert raw == value or int.from_bytes(raw, "big") == value


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_sizes_outside_the_bounds_do_not_fit(layout):
    assert not layout.fits(b"") and not layout.fits(bytes(layout.min_size - 1))
    assert layout.fits(bytes(layout.min_size)) and layout.fits(bytes(layout.max_size))
    assert not layout.fits(bytes(layout.max_size + 1))


@pytest.mark.parametrize("group", TABLE)
def test_kinds_and_names_are_unique(group):
    assert len({layout.kind for layout in TABLE[group]}) == len(TABLE[group])
    assert len({layout.name for layout in TABLE[group]}) == len(TABLE[group])
