"""Static checks: ruff and mypy, strict."""

from __future__ import annotations

import subprocess
import sys

CHECKS = (['ruff', 'check', '.'], ['mypy'])


def main() -> int:
    """Run every check, and fail if one does."""
    return max(subprocess.run([sys.executable, '-m', *check], check=False).returncode for check in CHECKS)


if __name__ == '__main__':
    sys.exit(main())
