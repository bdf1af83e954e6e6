"""Real servers and compiler launchers to test with, of Debian's next release."""

from __future__ import annotations

from .debian_packages import UnpackedPackage, unpacked


def ensure_tools() -> UnpackedPackage:
    """nginx, ccache and buildbox, got the first time (40 MB). Raises `ProgramUnavailable`."""
    return unpacked('nginx', 'ccache', 'buildbox', suite='forky')
