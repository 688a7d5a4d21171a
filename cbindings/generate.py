"""Writes what follows from include/toxcore.h.

python cbindings/generate.py                 the committed modules toxpy/enums.py and toxpy/events.py
python cbindings/generate.py --build DIR     the C sources of the library, into DIR
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(Path(__file__).resolve().parent))

from describe import Api, describe_header
from python_source import enums_source, events_source


def committed(api: Api) -> dict[Path, str]:
    """The generated files that live in the repository, with their text."""
    return {
        ROOT / "toxpy" / "enums.py": enums_source(api),
        ROOT / "toxpy" / "events.py": events_source(api),
    }


def write(path: Path, text: str) -> None:
    """Write only when the text differs, so that nothing is rebuilt for nothing."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--header", type=Path, default=ROOT / "include" / "toxcore.h")
    parser.add_argument("--build", type=Path)
    arguments = parser.parse_args()
    api = describe_header(arguments.header)
    for path, text in committed(api).items():
        write(path, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
