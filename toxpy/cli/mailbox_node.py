"""A mailbox's folder, and a node with a mailbox: what `toxpy mailbox` and `toxpy bootstrapd --mailbox` share.

mailbox.sqlite    messages of others, and members
identity.keys     the mailbox's real key: public 32, secret 32
address           HOST:PORT:DHTKEY:REALKEY, for `toxpy mailbox invite`
"""

from __future__ import annotations

import logging
import os
import sqlite3

from toxpy.cli.bootstrapd.bootstrapd_config import load_keys
from toxpy.ext.mailbox.host import MailboxHost
from toxpy.ext.mailbox.sqlite_shelf import open_shelf
from toxpy.ext.mailbox.sqlite_store import SqliteStore
from toxpy.ext.mailbox.store import StoreError, token_hash
from toxpy.ext.offline.records import Mailbox
from toxpy.network.bootstrap_node import BootstrapNode
from toxpy.system.sockets import ip_text, outgoing_ip

STORE, IDENTITY, ADDRESS = "mailbox.sqlite", "identity.keys", "address"
#: Bytes of an address that are read.
MAX_ADDRESS_SIZE = 1024


class MailboxNode:
    """A node that is a mailbox too; `Loop` runs it instead of the node. `close` does not close the node."""

    def __init__(self, node: BootstrapNode, folder: str, *, open_to_all: bool, log: logging.Logger) -> None:
        """StoreError, ConfigError and OSError say what is wrong with the folder, which is made if need be."""
        os.makedirs(folder, 0o700, exist_ok=True)
        self.node = node
        self.folder = folder
        self.is_open = open_to_all
        identity = load_keys(os.path.join(folder, IDENTITY), node.rt.rng, log)
        self.store = SqliteStore(os.path.join(folder, STORE), rt=node.rt, open_to_all=open_to_all)
        self.host = MailboxHost(node, identity, self.store, rt=node.rt, open_to_all=open_to_all)

    def address(self, host: str, port: int) -> Mailbox:
        """What friends need to know, without a token."""
        return Mailbox(host, port, self.node.dht.public_key, self.host.real_pk)

    def fileno(self) -> int:
        """The node's."""
        return self.node.fileno()

    def timeout_ms(self) -> int | None:
        """The node's."""
        return self.node.timeout_ms()

    def iterate(self) -> None:
        """One pass."""
        self.node.iterate()
        self.host.poll()

    def close(self) -> None:
        """End the sessions, keep what was put."""
        self.host.close()
        self.store.close()


def own_host() -> str:
    """The address that this machine's packets leave with: others reach it there if there is no NAT."""
    return ip_text(outgoing_ip() or b"\x7f\0\0\1")


def with_token(mailbox: Mailbox, token: bytes) -> Mailbox:
    """The same for who has that token."""
    return Mailbox(mailbox.host, mailbox.port, mailbox.dht_pk, mailbox.real_pk, token)


def read_address(folder: str) -> Mailbox | None:
    """The address of the last start; None before there was any, or when the file says none."""
    try:
        with open(os.path.join(folder, ADDRESS), "rb") as file:
            return Mailbox.parse(file.read(MAX_ADDRESS_SIZE).decode("ascii"))
    except (OSError, ValueError):
        return None


def write_address(folder: str, mailbox: Mailbox) -> None:
    """Remember the address; it is no secret."""
    path = os.path.join(folder, ADDRESS)
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(f"{mailbox}\n")
    os.replace(path + ".new", path)


def add_member(folder: str, token: bytes) -> None:
    """Let a token count from now on, whether the mailbox runs or not; StoreError when it cannot."""
    path = os.path.join(folder, STORE)
    if not os.path.exists(path):
        raise StoreError(f"there is no mailbox in {folder} yet: start it first")
    shelf = open_shelf(path, check=False)
    try:
        shelf.add_member(token_hash(token))
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be written: {error}") from error
    finally:
        shelf.close()
