"""`emroot export`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ..arguments import add_export

if TYPE_CHECKING:
    from ...bundle.exporter import Exported

EXAMPLES = [('emroot export --for "em++ -O2 -flto" -o libs.tar.gz', 'an archive'),
            ('emroot export --features wasm64 -o libs.tar.gz --print-bazel https://example.com/libs.tar.gz',
             "for emsdk's Bazel module")]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_export(parser, 'the archive: .tar.gz, .tar.xz or .tar')
    parser.add_argument('--print-bazel', nargs='?', const='', metavar='URL',
                        help='print the tag with which emsdk\'s Bazel module downloads the archive from this URL')


def run(args: argparse.Namespace) -> int:
    from ...bundle.exporter import export_bundle
    from ...errors import BuildError
    from ...host.home import user_path
    from ..builds import build_selected, exit_code
    from ..context import CommandContext, print_json
    context = CommandContext(args)
    build = build_selected(context, context.selected())
    if build.result.failures:
        return BuildError.exit_code
    exported = export_bundle(build, build.requested, user_path(args.output))
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
