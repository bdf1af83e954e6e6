"""`emroot export`, `emroot import` and `emroot cache-key`."""

from __future__ import annotations

import argparse
import sys

from ...bundle.exporter import Exported
from ...bundle.exporter import export_bundle as write_bundle
from ...bundle.importer import import_bundle
from ...cache_directory.directory import CacheDirectory
from ...errors import BuildError
from ...hashing import KEY_SCHEMA, digest_record
from ...host.files import user_path
from ...store.blobs import VERSION
from ..context import CommandContext, print_json
from .build import exit_code, make_whole, select

#: Hexadecimal digits of a CI key: enough that the selections of a project never collide.
_KEY_DIGITS = 20


def export(args: argparse.Namespace) -> int:
    """Build missing libraries, and write the archive."""
    session = CommandContext(args)
    made = make_whole(session)
    if made is None:
        return BuildError.exit_code
    build, selected = made
    exported = write_bundle(build, selected, user_path(args.output))
    with_location = [path for path, (_, library) in exported.manifest.libraries.items() if library.location]
    tag = bazel_tag(exported, args.print_bazel or '')
    if args.json:
        print_json({'file': str(exported.path), 'sha256': exported.sha256, 'tar_sha256': exported.tar_sha256,
                    'size': exported.size, 'files': len(exported.manifest.files), 'modes': exported.manifest.modes,
                    'located': with_location, 'bazel': tag})
    elif args.print_bazel is not None:
        sys.stdout.write(tag)
    else:
        print(f'{exported.sha256}  {exported.path}')
    if with_location and not args.quiet:
        print(f'emroot: {len(with_location)} of {len(exported.manifest.libraries)} libraries contain the path of this SDK '
              'in their debug information; an SDK elsewhere uses them unchanged unless EMROOT_LOCATION=own is set',
              file=sys.stderr)
    return exit_code(build.result)


def bazel_tag(exported: Exported, url: str) -> str:
    """The lines for MODULE.bazel with which emsdk's module downloads the archive."""
    return ('emscripten_cache = use_extension("@emsdk//:emscripten_cache.bzl", "emscripten_cache")\n'
            'emscripten_cache.prebuilt_cache(\n'
            f'    http_archive_url = "{url or f"https://example.com/{exported.path.name}"}",\n'
            f'    sha256 = "{exported.sha256}",\n'
            ')\n')


def import_(args: argparse.Namespace) -> int:
    """Import an archive into the store and the cache directory."""
    session = CommandContext(args)
    cache = CacheDirectory(session.cache, session.sdk, session.origin)
    imported = import_bundle(user_path(args.file), session.catalogue, session.home, session.store, cache,
                             sha256=args.sha256, force=args.force)
    modes = imported.manifest.modes
    if args.json:
        print_json({'cache': str(cache.root), 'modes': modes, 'files': len(imported.manifest.libraries),
                    'elsewhere': list(imported.foreign)})
    elif not args.quiet:
        print(f'{cache.root}')
    if imported.foreign and not args.quiet:
        print(f'emroot: {len(imported.foreign)} of {len(imported.manifest.libraries)} libraries contain the path of another SDK '
              'in their debug information: they are used unchanged unless EMROOT_LOCATION=own is set', file=sys.stderr)
    return 0


def cache_key(args: argparse.Namespace) -> int:
    """Print a key for SDK and selection, the same on every machine."""
    session = CommandContext(args)
    modes = {mode.name: sorted(targets) for mode, targets in sorted(select(session, needed=True).items())}
    digest = digest_record({'sdk': session.sdk.digest, 'modes': modes, 'schema': KEY_SCHEMA, 'store': VERSION})
    key = f'emroot-{session.sdk.version}-{digest[:_KEY_DIGITS]}'
    if args.json:
        print_json({'key': key, 'sdk': {'version': session.sdk.version, 'digest': session.sdk.digest}, 'modes': modes})
    else:
        print(key)
    return 0
