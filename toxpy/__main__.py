"""`python -m toxpy <command>`."""

from __future__ import annotations

import sys

from toxpy.cli.main import main

sys.exit(main(sys.argv[1:]))
