"""The headers of the SDK in the store, and the files that compiles can read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...cache_directory.sysroot_headers import headers_with_files
from ...host.home import Home
from ...libraries.catalogue import Catalogue
from ...store import Store
from ..command_lines.compile_context import CompileContext
from ..command_lines.path_alias import mappable
from ..history.compile_times import CompileTimes
from ..reuse.included_files import FileDigests


@dataclass(frozen=True)
class SysrootHeaders:
    """The installed headers, and the names and digests of all files that compiles can read."""

    headers: Path
    """Their directory in the store."""
    context: CompileContext
    files: FileDigests
    durations: CompileTimes


def prepare_headers(catalogue: Catalogue, home: Home, store: Store) -> SysrootHeaders:
    """Install the headers in the store. Raises `StoreError`, or `SdkError` if the SDK does not install them."""
    headers, files = headers_with_files(catalogue, store)
    context = CompileContext(catalogue.sdk, mappable(headers))
    return SysrootHeaders(headers, context, FileDigests(context, files), CompileTimes(home, catalogue.sdk))
