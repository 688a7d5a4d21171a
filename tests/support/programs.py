"""Debian's programs on loopback: a relay and the proxies, each with its files in one directory.

Every program is a child that is ended by its pid; every wait has an end.
"""

import socket
import subprocess
import time

START_TIMEOUT_S = 10
STOP_TIMEOUT_S = 5


def free_port(host="127.0.0.1"):
    """A TCP port that nobody has right now, for UDP neither."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(100):
        with (
            socket.socket(family, socket.SOCK_STREAM) as tcp,
            socket.socket(family, socket.SOCK_DGRAM) as udp,
        ):
            tcp.bind((host, 0))
            port = tcp.getsockname()[1]
            try:
                udp.bind((host, port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


class Program:
    """One running program; its output is in `log`."""

    def __init__(self, directory, name, arguments, host, port):
        self.host, self.port = host, port
        self.log = directory / f"{name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [name, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=directory
            )
        self._await_port()

    def _await_port(self):
        end = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                socket.create_connection((self.host, self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    self.close()
                    raise AssertionError(
                        f"{self.process.args}: {self.log.read_text('utf-8', 'replace')}"
                    ) from None
                time.sleep(0.02)

    def close(self):
        """End it; repeating it is harmless."""
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOP_TIMEOUT_S)


class Relay(Program):
    """tox-bootstrapd (package toxcore-utils) with a TCP relay on IPv4 and IPv6."""

    def __init__(self, directory):
        port, self.relay_port = free_port("::"), free_port("::")
        keys = directory / "keys"
        config = directory / "tox-bootstrapd.conf"
        config.write_text(
            f'port = {port}\nkeys_file_path = "{keys}"\npid_file_path = "{directory / "pid"}"\n'
            "enable_ipv6 = true\nenable_ipv4_fallback = true\nenable_lan_discovery = false\n"
            f"enable_tcp_relay = true\ntcp_relay_ports = [{self.relay_port}]\nenable_motd = false\n"
        )
        arguments = ["--config", str(config), "--foreground", "--log-backend", "stdout"]
        super().__init__(directory, "tox-bootstrapd", arguments, "127.0.0.1", self.relay_port)
        self.public_key = keys.read_bytes()[:32]


class Tinyproxy(Program):
    """HTTP CONNECT; `lines` go into its configuration."""

    def __init__(self, directory, host="127.0.0.1", lines=()):
        port = free_port(host)
        config = directory / f"tinyproxy-{port}.conf"
        config.write_text(
            "\n".join([f"Port {port}", f"Listen {host}", "Timeout 60", "MaxClients 20", *lines, ""])
        )
        super().__init__(directory, "tinyproxy", ["-d", "-c", str(config)], host, port)


class Microsocks(Program):
    """SOCKS5; more arguments of its command line."""

    def __init__(self, directory, host="127.0.0.1", arguments=()):
        port = free_port(host)
        super().__init__(directory, "microsocks", ["-i", host, "-p", str(port), *arguments], host, port)
