"""What all parts of a build share: the SDK, where things lie, how to build, the listener, and the recorder of results."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ..cache_directory.directory import CacheDirectory
from ..host.home import Home
from ..libraries.catalogue import Catalogue
from ..store import Store
from .events import BuildListener
from .recorder import BuildRecorder
from .request import Options
from .reuse.key_cache import KeyCache

if TYPE_CHECKING:
    from ..cache_directory.base_cache import BaseCache, BaseEntry
    from ..keys.plan import Archive
    from .execution.headers import SysrootHeaders


@dataclass(frozen=True, kw_only=True)
class BuildContext:
    """Nothing in it is replaced while a build runs. Results go to `recorder` alone."""

    catalogue: Catalogue
    home: Home
    store: Store
    cache: CacheDirectory
    options: Options
    listener: BuildListener
    known: KeyCache
    recorder: BuildRecorder

    @cached_property
    def headers(self) -> SysrootHeaders:
        """The headers, installed in the store and looked at once. Raises `StoreError`, or `SdkError` if the SDK does not install
        them."""
        from .execution.headers import prepare_headers  # lazy import: most builds compile nothing
        return prepare_headers(self.catalogue, self.home, self.store)

    @cached_property
    def bases(self) -> list[BaseCache]:
        """The read-only cache directories to search: the base of the options, and the SDK's own cache."""
        from ..cache_directory.base_cache import BaseCache, own_bases  # lazy import: most builds search nothing
        named, sdk = self.options.base, self.catalogue.sdk
        return [*([BaseCache(named, sdk)] if named else []), *(own_bases(sdk, self.cache.root) if self.options.sdk_cache else [])]

    def find_in_bases(self, archive: Archive) -> tuple[BaseCache, BaseEntry] | None:
        """The first base that has a valid copy of the archive, and the file."""
        members = [name for name, _ in archive.members]
        return next(((base, found) for base in self.bases if (found := base.find(
            archive.path, archive.key, own_location=self.options.own_location, members=members))), None)
