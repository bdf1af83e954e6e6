"""The request and the options of a build."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..modes import Mode

if TYPE_CHECKING:
    from ..remote.remote_spec import RemoteSpec


class Request(NamedTuple):
    """Requested targets of one mode: exact names from `Listing.expand`."""

    mode: Mode
    targets: tuple[str, ...]


@dataclass(frozen=True)
class PortSources:
    """Local sources of ports, tried before the network."""

    directory: Path | None = None
    """Archives under their download names, which the SDK verifies, and directories of sources by port."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Directories of sources by port (`EMCC_LOCAL_PORTS`)."""

    def directories(self) -> dict[str, Path]:
        """Directories of sources, by port. They are used unchanged, so their content is part of the key."""
        found = {path.name: path for path in sorted(self.directory.iterdir()) if path.is_dir()} if self.directory else {}
        return {**found, **self.files}


def local_ports(text: str) -> dict[str, Path]:
    """The directories in emcc's variable `EMCC_LOCAL_PORTS` (`zlib=/src/zlib,sdl2=/src/SDL2`)."""
    pairs = [pair.partition('=') for pair in text.split(',') if '=' in pair]
    return {name.strip(): Path(path).absolute() for name, _, path in pairs}


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to build. No option changes the output."""

    jobs: int = 0
    """Parallel jobs; 0 for the number in the environment (`job_limits.JOBS`), or the number of processors."""
    below_run: bool = False
    """Whether a link below `emroot run` requests it: no message asks to start make in another way then."""
    builder: str = 'source'
    """`source`, or `embuilder` to build every target with the SDK's own builder."""
    port_sources: PortSources = field(default_factory=PortSources)
    """Local sources of ports. (This option does change the output, and is in the keys.)"""
    launcher: str = ''
    """The path of the launcher of compiles; empty for none."""
    base: Path | None = None
    """A read-only cache directory whose valid files are used (see `cache_directory/base_cache.py`)."""
    sdk_cache: bool = False
    """Whether the SDK's own cache is a base, too."""
    own_location: bool = False
    """Whether paths of SDKs in results must be this SDK's (`keys/location.py`). (It changes the output, too.)"""
    remote: RemoteSpec | None = None
    """The remote for results that the store lacks."""
