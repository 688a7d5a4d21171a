"""The batch datapath: datagrams in and out of one UDP socket, and the boxes of data packets.

Two classes exist twice: compiled from cbindings/datapath.c, where that is built, and in Python in
`datapath_twin`. They hold keys, nonces, addresses and buffers; what a packet means is decided above.

    Session   the key and the nonces of one crypto connection; after a Noise handshake a key for each
              direction
    Datapath  receives what has arrived: data packets from a routed address come opened, as runs of records
              `(start, number, data)` of one connection; all else comes raw. Sends at once, or while
              somebody `hold`s, queues and sends many packets with one system call.

A data packet that does not open under its route's session comes raw as well, and fails or not in the
hands of its connection, as if there were no datapath. Spec: Crypto Connections, data packets.
"""

from __future__ import annotations

from toxpy.crypto.sodium import box_functions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.system.datapath_twin import Datapath as Datapath
    from toxpy.system.datapath_twin import Session as Session

if not TYPE_CHECKING:
    try:
        from toxpy.system import _datapath

        _datapath.use_sodium(*box_functions())
    except ImportError:
        # not built: a checkout, or a system without recvmmsg
        from toxpy.system.datapath_twin import Datapath, Session
    else:
        Session, Datapath = _datapath.Session, _datapath.Datapath
