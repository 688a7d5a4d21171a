"""`Endpoint`, the value of `Options.endpoint`: in which network friends reach us, and by which service.

Addresses of services are numbers, as 127.0.0.1:9051: no name is looked up before there is an instance.
"""

from __future__ import annotations

from toxpy.ext.networks.service import FolderService, NamedService, OnionService, SamService
from toxpy.ids import PUBLIC_KEY_SIZE
from toxpy.network.network_address import AddressType, NetworkAddress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

    from toxpy.ext.networks.service import Service
    from toxpy.network.node import Streams
    from toxpy.runtime import Runtime
    from toxpy.wire.address import Address

    Make = Callable[[Runtime, Streams, bytes], Service | None]

#: Where the services usually are, and the port that friends see.
TOR_CONTROL, TOR_SOCKS, SAM, I2P_SOCKS = (
    "127.0.0.1:9051",
    "127.0.0.1:9050",
    "127.0.0.1:7656",
    "127.0.0.1:4447",
)
PORT = 33445
#: Networks beside the internet, as users write them.
NETWORKS = {"tor": AddressType.ONION, "i2p": AddressType.I2P}
_USUAL_SOCKS = {AddressType.ONION: TOR_SOCKS, AddressType.I2P: I2P_SOCKS}
#: Who is told at first.
FRIENDS = "friends"


class Endpoint:
    """How friends reach us through another network, with nobody in between; and that we reach them so.

    `tell_to` are "friends", all of them, or the public keys of those who may know the address: it is a
    lasting name, by which whoever knows it sees when we are there.
    """

    __slots__ = ("_make", "_words", "kind", "listen", "socks", "tell_to")

    def __init__(
        self,
        kind: AddressType,
        make: Make,
        words: str,
        *,
        listen: int = 0,
        socks: str | None = None,
        tell_to: str | Collection[bytes] = FRIENDS,
    ) -> None:
        """Use `tor`, `i2p`, `onion_folder`, `name` or `friends` instead."""
        self._make = make
        self._words = words
        #: the network of its address
        self.kind = int(kind)
        #: the port on this machine that the service leads to, 0 for any
        self.listen = _port(listen, least=0)
        #: the SOCKS5 proxy into that network, for friends' endpoints while the options name no proxy
        self.socks = _service(socks) if socks is not None else None
        self.tell_to = _who(tell_to)

    @classmethod
    def tor(
        cls,
        control: str = TOR_CONTROL,
        *,
        password: str | bytes | None = None,
        cookie_file: str | bytes | None = None,
        port: int = PORT,
        socks: str | None = TOR_SOCKS,
        tell_to: str | Collection[bytes] = FRIENDS,
    ) -> Endpoint:
        """An onion service that tor makes for us: `control` is its control port.

        We log in with the password, or with tor's cookie, in `cookie_file` or the file that tor names.
        """
        address, public = _service(control), _port(port)
        secret, cookie = _bytes(password), _bytes(cookie_file)

        def make(rt: Runtime, streams: Streams, key: bytes) -> Service:
            connect: Any = streams.connect
            login = {"password": secret, "cookie_file": cookie}
            return OnionService(address, public, key, rt=rt, connect=connect, **login)

        return cls(AddressType.ONION, make, f"tor at {control}", socks=socks, tell_to=tell_to)

    @classmethod
    def onion_folder(
        cls,
        folder: str | bytes,
        port: int,
        listen: int,
        *,
        socks: str | None = TOR_SOCKS,
        tell_to: str | Collection[bytes] = FRIENDS,
    ) -> Endpoint:
        """An onion service that somebody else set up: the `HiddenServiceDir` of the torrc.

        Its `HiddenServicePort` is `port` 127.0.0.1:`listen`.
        """
        path, public = _bytes(folder) or b"", _port(port)

        def make(rt: Runtime, _streams: Streams, _key: bytes) -> Service:
            return FolderService(path, public, rt=rt)

        words = f"onion service of {folder!r}"
        return cls(AddressType.ONION, make, words, listen=_port(listen), socks=socks, tell_to=tell_to)

    @classmethod
    def i2p(
        cls,
        sam: str = SAM,
        *,
        port: int = PORT,
        socks: str | None = I2P_SOCKS,
        tell_to: str | Collection[bytes] = FRIENDS,
    ) -> Endpoint:
        """An I2P destination, made by the SAM bridge of an I2P router."""
        address, public = _service(sam), _port(port)

        def make(rt: Runtime, streams: Streams, key: bytes) -> Service:
            connect: Any = streams.connect
            return SamService(address, public, key, rt=rt, connect=connect)

        return cls(AddressType.I2P, make, f"I2P at {sam}", socks=socks, tell_to=tell_to)

    @classmethod
    def name(
        cls,
        address: str,
        listen: int,
        *,
        socks: str | None = None,
        tell_to: str | Collection[bytes] = FRIENDS,
    ) -> Endpoint:
        """An address as "NAME.onion:33445" that somebody else leads to the port `listen` of 127.0.0.1."""
        told = NetworkAddress.parse(_text(address))
        socks = socks or _USUAL_SOCKS.get(told.type)

        def make(rt: Runtime, _streams: Streams, _key: bytes) -> Service:
            return NamedService(told, rt=rt)

        return cls(told.type, make, str(told), listen=_port(listen), socks=socks, tell_to=tell_to)

    @classmethod
    def friends(cls, kind: AddressType = AddressType.ONION, *, socks: str | None = None) -> Endpoint:
        """None of our own: we only go to those of friends, by default through the network's usual proxy."""
        socks = socks or _USUAL_SOCKS.get(kind)
        return cls(kind, lambda _rt, _streams, _key: None, "friends' only", socks=socks)

    def make(self, *, rt: Runtime, streams: Streams, key: bytes) -> Service | None:
        """The service, with the key that it had before; None to use friends' endpoints only."""
        return self._make(rt, streams, key)

    def __repr__(self) -> str:
        # without passwords
        return f"<Endpoint {self._words}>"


def _service(text: str) -> Address:
    """HOST:PORT in numbers."""
    address = NetworkAddress.parse(_text(text)).ip
    if address is None or not address[1]:
        raise ValueError(f"{text!r} is not the address of a service, as 127.0.0.1:9051")
    return address


def _text(text: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"an address is a text, as 127.0.0.1:9051, not {text!r}")
    return text


def _port(port: int, least: int = 1) -> int:
    if isinstance(port, bool) or not isinstance(port, int):
        raise TypeError(f"a port is a whole number, not {port!r}")
    if not least <= port < 65536:
        raise ValueError(f"there is no port {port}")
    return port


def _bytes(text: str | bytes | None) -> bytes | None:
    if text is not None and not isinstance(text, str | bytes):
        # what it is may be a secret
        raise TypeError(f"a text or bytes are needed here, not {type(text).__name__}")
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text


def _who(tell_to: str | Collection[bytes]) -> str | frozenset[bytes]:
    if isinstance(tell_to, str):
        if tell_to != FRIENDS:
            raise ValueError(f'tell_to is "friends" or a list of public keys, not {tell_to!r}')
        return tell_to
    keys = frozenset(bytes(key) for key in tell_to)
    if any(len(key) != PUBLIC_KEY_SIZE for key in keys):
        raise ValueError(f"a public key has {PUBLIC_KEY_SIZE} bytes")
    return keys
