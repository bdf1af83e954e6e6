"""What is asked of a build, and how it is to go about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..modes import Mode

if TYPE_CHECKING:
    from ..remote.remote_spec import RemoteSpec


@dataclass(frozen=True, kw_only=True)
class Request:
    """Targets wanted in one mode: exact names, as `Listing.expand` gives them."""

    mode: Mode
    targets: tuple[str, ...]


@dataclass(frozen=True)
class PortSources:
    """Where the sources of ports may come from, besides the network."""

    directory: Path | None = None
    """Holds archives under the names they are fetched by, which the SDK checks, and directories of sources by port."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Directories of sources by port, each given by name (`EMCC_LOCAL_PORTS`)."""

    def directories(self) -> dict[str, Path]:
        """Directories of sources by port. They are taken as they are, so their content is part of the key."""
        found = {path.name: path for path in sorted(self.directory.iterdir()) if path.is_dir()} if self.directory else {}
        return {**found, **self.files}


def local_ports(text: str) -> dict[str, Path]:
    """The directories that emcc's own variable `EMCC_LOCAL_PORTS` names (`zlib=/src/zlib,sdl2=/src/SDL2`)."""
    pairs = [pair.partition('=') for pair in text.split(',') if '=' in pair]
    return {name.strip(): Path(path).absolute() for name, _, path in pairs}


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to build; none of it changes what comes out."""

    jobs: int = 0
    """Processes at once; 0 for as many as the environment says (`pool.JOBS`), or there are processors."""
    below_run: bool = False
    """Whether a link below `emroot run` wants it: that is nobody who could change how make was started."""
    builder: str = 'source'
    """`source`, or `embuilder` to have the SDK's own builder make every target."""
    port_sources: PortSources = field(default_factory=PortSources)
    """Where the sources of ports may come from. (This one does change what comes out, and is in the keys.)"""
    launcher: str = ''
    """A program that every compile is started through; its path."""
    base: Path | None = None
    """A cache directory of somebody else's, to use what is right in it without a copy (see `cache_directory/base_cache.py`)."""
    sdk_cache: bool = False
    """Whether the SDK's own cache is a base, too."""
    own_location: bool = False
    """Whether bytes that embeds a location have to carry that of this SDK (see `keys/location.py`). (So this one changes them,
    too.)
    """
    remote: RemoteSpec | None = None
    """Where to ask for what the store lacks."""
