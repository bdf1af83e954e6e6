"""`emroot list`."""

from __future__ import annotations

import argparse

from ..arguments import add_json, path

EXAMPLES = [('emroot list', 'all targets of wasm32'),
            ("emroot list --features wasm64,lto 'libc++*' MINIMAL", 'some targets of another mode')]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--features', action='append', default=[], metavar='F', help='features of the mode (default: wasm32)')
    parser.add_argument('--cache', type=path, metavar='DIR', help='the cache directory to look at')
    parser.add_argument('patterns', nargs='*', metavar='PATTERN', help='targets, patterns or groups')
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from ...cache_directory.base_cache import own_bases
    from ...lazy_link.link_history import never_whole
    from ..context import CommandContext, print_json
    context = CommandContext(args)
    documents = []
    bases = own_bases(context.sdk, context.cache) if context.sdk_cache else []
    for mode in context.modes():
        listing = context.catalogue.listing(mode)
        names = listing.expand(args.patterns) if args.patterns else list(listing.libraries)
        libraries = {name: library for name in names if (library := listing.library(name))}
        present = {name for name, library in libraries.items() if (context.cache / library.path).is_file()}
        prebuilt = [name for name, library in libraries.items()
                    if any((base.root / library.path).is_file() for base in bases)]
        partly = [name for name in never_whole(context.cache).get(mode, []) if name in libraries]
        ports = [name for name in (names if args.patterns else [*listing.ports, *listing.port_variants])
                 if not listing.library(name)]
        rows = [{'name': name, 'file': library.file, 'objects': library.objects, 'present': name in present}
                for name, library in libraries.items()]
        documents.append({'mode': mode.name, 'targets': rows, 'ports': ports,
                          **({'prebuilt': prebuilt} if prebuilt else {}), **({'partly': partly} if partly else {})})
        if args.json:
            continue
        print(f'{mode}: {len(libraries)} targets, {sum(library.objects for library in libraries.values())} objects')
        width, longest = max(map(len, libraries), default=0), len('in the SDK' if prebuilt else 'present')
        for name, library in libraries.items():
            mark = 'present' if name in present else 'in the SDK' if name in prebuilt else 'in part' if name in partly else '-'
            print(f'  {name:{width}}  {library.objects:>5}  {mark:{longest}}  {library.variation}'.rstrip())
        if partly:
            print('  in part: lazy links compiled only some objects of these; a frozen emcc fails without them (`emroot doctor`)')
        if ports:
            print(f'  ports: {" ".join(ports)}')
    if args.json:
        print_json(documents[0] if len(documents) == 1 else documents)
    return 0
