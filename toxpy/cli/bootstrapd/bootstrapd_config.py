"""The settings of a bootstrap node: tox-bootstrapd's configuration file, its keys file.

A setting that is missing, or of the wrong type, gets tox-bootstrapd's default and a warning; a bad
bootstrap node or relay port is left out with a warning; a UDP port out of range, relay on without one
usable port, and a file that cannot be read at all are errors. c-toxcore: other/bootstrap_daemon/src/config.c.
"""

from __future__ import annotations

import errno
import logging
import os
import stat

from toxpy.cli.bootstrapd import libconfig
from toxpy.cli.bootstrapd.libconfig import Group, LibconfigError, Value
from toxpy.crypto.keys import KeyPair
from toxpy.crypto.sodium import KEY_SIZE
from toxpy.network.bootstrap_info import MAX_MOTD_SIZE
from toxpy.runtime import Rng

DEFAULT_PID_FILE_PATH = "tox-bootstrapd.pid"
DEFAULT_KEYS_FILE_PATH = "tox-bootstrapd.keys"
DEFAULT_PORT = 33445
DEFAULT_TCP_RELAY_PORTS = (443, 3389, 33445)
DEFAULT_MOTD = "tox-bootstrapd"
MIN_PORT, MAX_PORT = 1, 65535
#: config_lookup_int finds nothing in other numbers.
MIN_INT, MAX_INT = -(2**31), 2**31 - 1
KEYS_FILE_SIZE = 2 * KEY_SIZE


class ConfigError(Exception):
    """The daemon cannot start with this; the text says why, and what to change."""


class BootstrapAddress:
    """A node of the configuration; the host may be a name."""

    __slots__ = ("host", "port", "public_key")

    def __init__(self, host: str, port: int, public_key: bytes) -> None:
        self.host = host
        self.port = port
        self.public_key = public_key


class Config:
    """What the file says, defaults filled in."""

    __slots__ = (
        "bootstrap_nodes",
        "enable_ipv4_fallback",
        "enable_ipv6",
        "enable_lan_discovery",
        "enable_motd",
        "enable_tcp_relay",
        "keys_file_path",
        "motd",
        "pid_file_path",
        "port",
        "tcp_relay_ports",
    )

    def __init__(self, settings: Group, log: logging.Logger) -> None:
        reader = _Reader(settings, log)
        self.port = reader.integer("port", DEFAULT_PORT)
        self.pid_file_path = reader.text("pid_file_path", DEFAULT_PID_FILE_PATH)
        self.keys_file_path = reader.text("keys_file_path", DEFAULT_KEYS_FILE_PATH)
        self.enable_ipv6 = reader.boolean("enable_ipv6")
        self.enable_ipv4_fallback = reader.boolean("enable_ipv4_fallback")
        self.enable_lan_discovery = reader.boolean("enable_lan_discovery")
        self.enable_tcp_relay = reader.boolean("enable_tcp_relay")
        self.tcp_relay_ports = reader.relay_ports() if self.enable_tcp_relay else []
        self.enable_motd = reader.boolean("enable_motd")
        motd = reader.text("motd", DEFAULT_MOTD) if self.enable_motd else ""
        #: one byte less than fits, for the NUL that c-toxcore sends behind it
        self.motd = os.fsencode(motd)[: MAX_MOTD_SIZE - 1]
        self.bootstrap_nodes = reader.bootstrap_nodes()
        if not MIN_PORT <= self.port <= MAX_PORT:
            raise ConfigError(f"Invalid port: {self.port}, should be in [{MIN_PORT}, {MAX_PORT}].")
        if self.enable_tcp_relay and not self.tcp_relay_ports:
            raise ConfigError("No TCP relay ports read: set tcp_relay_ports, or enable_tcp_relay = false.")


def load_config(path: str, log: logging.Logger) -> Config:
    """Read the file; ConfigError names the file, and the line when there is one."""
    try:
        settings = libconfig.load(path)
    except OSError as error:
        raise ConfigError(f"Couldn't read config file: {path}: {error.strerror}.") from error
    except LibconfigError as error:
        raise ConfigError(f"Couldn't read config file: {error}.") from error
    config = Config(settings, log)
    _report(config, log)
    return config


def _report(config: Config, log: logging.Logger) -> None:
    log.info("Successfully read:")
    for name in ("pid_file_path", "keys_file_path", "port"):
        log.info("'%s': %s", name, getattr(config, name))
    for name in ("enable_ipv6", "enable_ipv4_fallback", "enable_lan_discovery", "enable_tcp_relay"):
        log.info("'%s': %s", name, "true" if getattr(config, name) else "false")
    if config.enable_tcp_relay:
        log.info("TCP relay ports: %s", ", ".join(map(str, config.tcp_relay_ports)))
    log.info("'enable_motd': %s", "true" if config.enable_motd else "false")
    if config.enable_motd:
        log.info("'motd': %s", os.fsdecode(config.motd))


class _Reader:
    """Looks settings up, with a warning for each that is not usable."""

    def __init__(self, settings: Group, log: logging.Logger) -> None:
        self._settings = settings
        self._log = log

    def _use_default(self, name: str, wanted: str, default: object) -> None:
        if name in self._settings:
            self._log.warning("Line %d: '%s' is not %s.", self._settings.lines[name], name, wanted)
        else:
            self._log.warning("No '%s' setting in configuration file.", name)
        shown = str(default).lower() if isinstance(default, bool) else default
        self._log.warning("Using default '%s': %s", name, shown)

    def integer(self, name: str, default: int) -> int:
        value = self._settings.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and MIN_INT <= value <= MAX_INT:
            return value
        self._use_default(name, "a whole number of 32 bits", default)
        return default

    def text(self, name: str, default: str) -> str:
        value = self._settings.get(name)
        if isinstance(value, str):
            return value
        self._use_default(name, "a text in quotes", default)
        return default

    def boolean(self, name: str) -> bool:
        """All of tox-bootstrapd's switches are on by default."""
        value = self._settings.get(name)
        if isinstance(value, bool):
            return value
        self._use_default(name, "true or false", True)
        return True

    def relay_ports(self) -> list[int]:
        """The usable ports; none when there is no usable one, which is an error later."""
        name, log = "tcp_relay_ports", self._log
        ports = self._settings.get(name)
        if ports is None:
            shown = ", ".join(map(str, DEFAULT_TCP_RELAY_PORTS))
            log.warning("No '%s' setting in the configuration file.", name)
            log.warning("Using default '%s': %s", name, shown)
            return list(DEFAULT_TCP_RELAY_PORTS)
        if not isinstance(ports, list):
            log.error("'%s' setting should be an array. Array syntax: '%s = [443, 33445]'.", name, name)
            return []
        if not ports:
            log.error("'%s' is empty.", name)
        usable: list[int] = []
        for number, port in enumerate(ports):
            if not isinstance(port, int) or isinstance(port, bool):
                log.warning("Port #%d: Not a whole number. Skipping.", number)
            elif not MIN_PORT <= port <= MAX_PORT:
                text = "Port #%d: Invalid port: %d, should be in [%d, %d]. Skipping."
                log.warning(text, number, port, MIN_PORT, MAX_PORT)
            elif port in usable:
                log.warning("Port #%d: %d is there already. Skipping.", number, port)
            else:
                usable.append(port)
        return usable

    def bootstrap_nodes(self) -> list[BootstrapAddress]:
        """The nodes that are described completely."""
        name = "bootstrap_nodes"
        found = self._settings.get(name)
        if found is None:
            self._log.warning("No '%s' setting in the configuration file. Skipping bootstrapping.", name)
            return []
        entries = list(found.values()) if isinstance(found, Group) else found
        if not isinstance(entries, list | tuple) or not entries:
            self._log.warning("No bootstrap nodes found. Skipping bootstrapping.")
            return []
        nodes: list[BootstrapAddress] = []
        for number, entry in enumerate(entries):
            try:
                nodes.append(_bootstrap_node(entry))
            except ConfigError as error:
                self._log.warning("Bootstrap node #%d: %s Skipping the node.", number, error)
        return nodes


def _bootstrap_node(entry: Value) -> BootstrapAddress:
    """ConfigError says what is wrong with it."""
    settings = entry if isinstance(entry, Group) else Group()
    key, port, host = (settings.get(name) for name in ("public_key", "port", "address"))
    if not isinstance(key, str):
        raise ConfigError("Couldn't find 'public_key' setting.")
    if not isinstance(port, int) or isinstance(port, bool):
        raise ConfigError("Couldn't find 'port' setting.")
    if not isinstance(host, str) or not host:
        raise ConfigError("Couldn't find 'address' setting.")
    if not MIN_PORT <= port <= MAX_PORT:
        raise ConfigError(f"Invalid 'port': {port}, should be in [{MIN_PORT}, {MAX_PORT}].")
    try:
        public_key = bytes.fromhex(key) if len(key) == 2 * KEY_SIZE else b""
    except ValueError:
        public_key = b""
    # fromhex also takes blanks between the digits
    if len(public_key) != KEY_SIZE:
        raise ConfigError(f"Invalid 'public_key': {key}.")
    return BootstrapAddress(host, port, public_key)


def load_keys(path: str, rng: Rng, log: logging.Logger) -> KeyPair:
    """The node's keys; new ones, saved, when there is no such file.

    public key 32 | secret key 32, as tox-bootstrapd writes it. A file that is not that is never replaced:
    everybody who bootstraps from this node knows it by its key.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        keys = KeyPair.generate(rng)
        try:
            write_keys(path, keys)
        except OSError as error:
            raise ConfigError(f"Couldn't write the keys file: {path}: {error.strerror}.") from error
        log.info("New keys written to %s", path)
        return keys
    except OSError as error:
        raise ConfigError(f"Couldn't read the keys file: {path}: {error.strerror}.") from error
    try:
        about = os.fstat(fd)
        if not stat.S_ISREG(about.st_mode):
            raise ConfigError(f"{path} is not a file, so there can be no keys in it.")
        content = os.read(fd, KEYS_FILE_SIZE + 1)
    finally:
        os.close(fd)
    return _checked_keys(path, stat.S_IMODE(about.st_mode), content)


def _checked_keys(path: str, mode: int, content: bytes) -> KeyPair:
    if mode & 0o077:
        raise ConfigError(
            f"The keys file {path} is open to others (mode {mode:04o}): "
            f"`chmod 600 {path}` if its keys are still to be trusted."
        )
    if len(content) != KEYS_FILE_SIZE:
        more = "more than " if len(content) > KEYS_FILE_SIZE else ""
        size = min(len(content), KEYS_FILE_SIZE)
        raise ConfigError(f"The keys file {path} has {more}{size} bytes, not {KEYS_FILE_SIZE}: is it one?")
    try:
        keys = KeyPair(content[KEY_SIZE:])
    except ValueError as error:
        raise ConfigError(f"The keys file {path} holds no secret key.") from error
    if keys.public != content[:KEY_SIZE]:
        raise ConfigError(f"The keys file {path} is damaged: its two keys do not belong together.")
    return keys


def write_keys(path: str, keys: KeyPair) -> None:
    """Create the file with mode 0600, in one step: there is never half a file under its name."""
    # for the first start only
    import tempfile

    folder = os.path.dirname(os.path.abspath(path))
    # made with mode 0600
    fd, temporary = tempfile.mkstemp(prefix=".keys-", dir=folder)
    try:
        with open(fd, "wb") as file:
            file.write(keys.public + keys.secret)
            file.flush()
            os.fsync(fd)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    except OSError as error:
        # some file systems have no such thing
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(directory)
