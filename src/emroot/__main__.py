"""`python -m emroot` is the command line."""

from __future__ import annotations

import sys

if __name__ == '__main__' and not sys.flags.safe_path:
    del sys.path[0]  # the current directory: a project may have a `json.py`
from .cli import main

if __name__ == '__main__':
    sys.exit(main())
