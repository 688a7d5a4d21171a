"""What a start needs before the layers: the savedata's identity, the proxy's check, the socket.

The errors are those of tox_new, found in its order. c-toxcore: tox.c tox_new.
"""

from __future__ import annotations

from sys import _getframe

from toxpy.crypto.keys import KeyPair
from toxpy.errors import PacketError, api_error
from toxpy.generated import enums
from toxpy.ids import SECRET_KEY_SIZE
from toxpy.network.node import DEFAULT_MAX_FILES
from toxpy.runtime import LOG_INFO
from toxpy.save import savedata as save
from toxpy.system import sockets
from toxpy.tcp.proxy import HTTP, SOCKS5, Proxy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.network.node import NetworkNode, Socket
    from toxpy.network.only_networks import OnlyNetworks
    from toxpy.options import Options
    from toxpy.runtime import Log

_ENCRYPTED_SAVE_MAGIC = b"toxEsave"


def load_identity(options: Options) -> tuple[KeyPair | None, save.SaveData | None]:
    """Keys and content of the savedata, both None when there is none. c-toxcore: tox.c tox_new."""
    kind, data = options.savedata_type, options.savedata_data
    if kind == enums.TOX_SAVEDATA_TYPE_NONE:
        return None, None
    if not data:
        raise api_error("TOX_ERR_NEW_LOAD_BAD_FORMAT")
    if kind == enums.TOX_SAVEDATA_TYPE_SECRET_KEY:
        if len(data) != SECRET_KEY_SIZE or not any(data):
            raise api_error("TOX_ERR_NEW_LOAD_BAD_FORMAT")
        return KeyPair(bytes(data)), None
    if kind != enums.TOX_SAVEDATA_TYPE_TOX_SAVE:
        # going on would mean a new identity without a word
        raise api_error("TOX_ERR_NEW_LOAD_BAD_FORMAT")
    if data.startswith(_ENCRYPTED_SAVE_MAGIC):
        raise api_error("TOX_ERR_NEW_LOAD_ENCRYPTED")
    try:
        loaded = save.parse(bytes(data))
    except PacketError as error:
        raise api_error("TOX_ERR_NEW_LOAD_BAD_FORMAT", str(error)) from error
    return KeyPair(loaded.secret_key), loaded


def find_proxy(options: Options) -> Proxy | None:
    """The proxy that the options name; the errors of tox_new for it, in its order."""
    if options.proxy_type not in (
        enums.TOX_PROXY_TYPE_NONE,
        enums.TOX_PROXY_TYPE_HTTP,
        enums.TOX_PROXY_TYPE_SOCKS5,
    ):
        raise api_error("TOX_ERR_NEW_PROXY_BAD_TYPE")
    if options.proxy_type == enums.TOX_PROXY_TYPE_NONE:
        return None
    if not 0 < options.proxy_port < 65536:
        raise api_error("TOX_ERR_NEW_PROXY_BAD_PORT")
    host = sockets.host_text(options.proxy_host or "")
    dns = not options.experimental_disable_dns
    ips = sockets.resolve(host, ipv6=options.ipv6_enabled, dns=dns) if host else []
    if not ips:
        hint = "unknown host" if dns else "names are not looked up: give the IP address of the proxy"
        raise api_error("TOX_ERR_NEW_PROXY_BAD_HOST", hint)
    kind = HTTP if options.proxy_type == enums.TOX_PROXY_TYPE_HTTP else SOCKS5
    return Proxy(kind, (ips[0], options.proxy_port))


def find_ways(options: Options) -> tuple[Proxy | None, OnlyNetworks | None]:
    """The proxy, and the networks that we keep to (None: all); the options lose what these leave out."""
    if not options.only_networks:
        return find_proxy(options), None
    # most instances use all networks
    from toxpy.network.only_networks import OnlyNetworks

    only = OnlyNetworks(options.only_networks)
    if not only.has_ip:
        # that of the proxy's host neither
        options.experimental_disable_dns = True
    proxy = find_proxy(options)
    only.limit(options)
    return proxy, only


def bind_socket(options: Options, log: Log, *, ipv4: bool = True) -> Socket:
    """The UDP socket that the options ask for. With a proxy there is none: it could not carry UDP."""
    if options.udp_enabled and options.proxy_type != enums.TOX_PROXY_TYPE_NONE:
        log(LOG_INFO, "UDP is off because a proxy is set")
        return sockets.NoSocket()
    if not options.udp_enabled:
        return sockets.NoSocket()
    try:
        return sockets.UdpSocket.bind(options.ipv6_enabled, options.start_port, options.end_port, ipv4=ipv4)
    except OSError as error:
        raise api_error("TOX_ERR_NEW_PORT_ALLOC", f"no UDP port: {error}", retryable=True) from error


def start_relay(node: NetworkNode, port: int) -> None:
    """Be a TCP relay on that port, unless it is 0."""
    if not port:
        return
    try:
        listener = node.streams.listen(port)
    except OSError as error:
        raise api_error("TOX_ERR_NEW_PORT_ALLOC", f"no TCP port: {error}", retryable=True) from error
    # most of the limit is for the program that we are a part of
    node.start_relay([listener], min(file_limit() // 2, DEFAULT_MAX_FILES))


def file_limit() -> int:
    """How many files this program can have open."""
    # only a relay needs to know
    from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit

    soft = getrlimit(RLIMIT_NOFILE)[0]
    return 2 * DEFAULT_MAX_FILES if soft == RLIM_INFINITY else soft


def source_name(path: str) -> str:
    """A source file for the log: below the package. The folders of this machine are nobody's business."""
    _, found, name = path.rpartition("/toxpy/")
    return name if found else path.rpartition("/")[2]


def log_sink(options: Options) -> Log | None:
    """Lines for the log callback of the options, with the place that wrote them; None without one."""
    callback = options.log_callback
    if callback is None:
        return None

    def sink(level: int, message: str) -> None:
        frame = _getframe(1)
        code = frame.f_code
        callback(level, source_name(code.co_filename), frame.f_lineno, code.co_qualname, message)

    return sink
