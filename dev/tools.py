"""Real servers and compiler launchers to test with, of Debian's next release."""

from __future__ import annotations

from .programs import Unpacked, unpacked


def ensure_tools() -> Unpacked:
    """nginx, ccache and buildbox, got the first time (40 MB). Raises `Unavailable`."""
    return unpacked('nginx', 'ccache', 'buildbox', suite='forky')
