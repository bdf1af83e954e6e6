"""`emroot index export`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...arguments import add_export

if TYPE_CHECKING:
    from ....engine.build import Build
    from ....symbol_index import SymbolIndex

EXAMPLES = [('emroot index export --for "em++ -O2 -flto" -o lto.index', 'of the libraries of this link')]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_export(parser, 'the file; some kilobytes for each mode')


def run(args: argparse.Namespace) -> int:
    from ....errors import BuildError, from_os_error
    from ....hashing import digest_bytes
    from ....host.files import write_bytes
    from ....host.home import user_path
    from ....symbol_index.index import encode_indexes
    from ...builds import build_selected
    from ...context import CommandContext, print_json
    context = CommandContext(args)
    build = build_selected(context, context.selected())
    if build.result.failures:
        return BuildError.exit_code
    with build.store:
        found = dict(_indexes(build))
    data, output = encode_indexes(found), user_path(args.output)
    try:
        write_bytes(output, data)
    except OSError as error:
        raise from_os_error(error, 'writing the indexes') from error
    if args.json:
        print_json({'file': str(output), 'archives': len(found), 'size': len(data), 'sha256': digest_bytes(data),
                    'sdk': context.sdk.digest})
    elif not args.quiet:
        print(output)
    return 0


def _indexes(build: Build) -> Iterator[tuple[str, SymbolIndex]]:
    """(key of the archive, index); single objects and outputs of embuilder have none."""
    from ....errors import UsageError
    from ....symbol_index.storage import find_index, store_index
    from ....symbol_index.symbols import NmFailed, find_nm, index_archive
    for mode, target in ((mode, target) for mode, targets in build.requested.items() for target in targets):
        known = build.known.get(mode, target)
        if not known or not known.members or not known.paths[0].endswith('.a'):
            continue
        index = find_index(build.store, known.key)
        if index is None:
            sdk = build.catalogue.sdk
            try:
                index = index_archive(find_nm(sdk.tools), build.cache.root / known.paths[0], sdk.embedded_paths)
            except NmFailed as error:
                raise UsageError(f'the symbols of {mode}/{target} cannot be read: {error}',
                                 hint='check it with `emroot verify`') from error
            store_index(build.store, known.key, index)
        yield known.key, index
