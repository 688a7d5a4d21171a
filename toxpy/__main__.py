"""The command `toxpy`, also as `python -m toxpy`."""

from __future__ import annotations

import sys

#: What toxpy imports, and whose it is.
NEEDED = {"_cffi_backend": "cffi", "nacl._sodium": "pynacl"}


def lacking() -> list[str]:
    """Packages without which nothing works, as in a checkout where nothing was installed."""
    found = []
    for module, package in NEEDED.items():
        try:
            __import__(module)
        except ImportError:
            found.append(package)
    return found


def run() -> int:
    """Run the command line; the exit status."""
    missing = lacking()
    if missing:
        where = f"{sys.executable} has no {' and no '.join(missing)}, which toxpy needs"
        print(
            f"Error: {where}: `pip install .` in a checkout, in a virtual environment, brings "
            "them; on Debian: apt-get install python3-cffi-backend python3-nacl",
            file=sys.stderr,
        )
        return 1
    from toxpy.cli.about import warn_of_shadow
    from toxpy.cli.main import main

    warn_of_shadow()
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(run())
