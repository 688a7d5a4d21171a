"""A section of a save cannot claim more than there is."""

import contextlib
import struct
import tracemalloc

import pytest

from tests.unit.save.test_savedata import file_of, keys_section
from toxpy.core import Core
from toxpy.errors import PacketError, ToxError
from toxpy.options import Options
from toxpy.save import savedata as save

# lengths that are claimed


@contextlib.contextmanager
def little_memory(most=1_000_000):
    """Nothing inside may allocate much."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        yield
        assert tracemalloc.get_traced_memory()[1] - before < most
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("claim", [1, 69, 2**16, 2**31 - 1, 2**31, 2**32 - 1])
@pytest.mark.parametrize("section_type", [1, 2, 3, 4, 10, 11, 20, 99, 255])
def test_a_section_of_a_save_cannot_claim_more_than_there_is(claim, section_type):
    data = file_of(keys_section(), struct.pack("<IHH", claim, section_type, 0x01CE), b"x" * 3)
    if claim <= 3 and section_type == 255:
        return
    with little_memory():
        if claim > 3:
            with pytest.raises(PacketError):
                save.parse(data)
            with pytest.raises(ToxError):
                Core(Options(udp_enabled=False, savedata_type=1, savedata_data=data))
        else:
            with contextlib.suppress(PacketError):
                save.parse(data)
