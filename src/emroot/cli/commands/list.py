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
        rows, vary, prebuilt = [], {}, []
        for name in names:
            if library := listing.library(name):
                vary[name] = library.variation
                rows.append({'name': name, 'file': library.file, 'objects': library.objects,
                             'present': (context.cache / library.path).is_file()})
                if any((base.root / library.path).is_file() for base in bases):
                    prebuilt.append(name)
        partly = [name for name in never_whole(context.cache).get(mode, []) if name in vary]
        ports = [name for name in ([*listing.ports, *listing.port_variants] if not args.patterns else names)
                 if not listing.library(name)]
        documents.append({'mode': mode.name, 'targets': rows, 'ports': ports,
                          **({'prebuilt': prebuilt} if prebuilt else {}), **({'partly': partly} if partly else {})})
        if args.json:
            continue
        print(f'{mode}: {len(rows)} targets, {sum(int(str(r["objects"])) for r in rows)} objects')
        width = max([len(str(r['name'])) for r in rows], default=0)
        longest = len('in the SDK' if prebuilt else 'present')
        for row in rows:
            listed = row['name']
            mark = 'present' if row['present'] else 'in the SDK' if listed in prebuilt else 'in part' if listed in partly else '-'
            print(f'  {row["name"]!s:{width}}  {row["objects"]:>5}  {mark:{longest}}  {vary[str(row["name"])]}'.rstrip())
        if partly:
            print('  in part: lazy links compiled only some objects of these; a frozen emcc fails without them (`emroot doctor`)')
        if ports:
            print(f'  ports: {" ".join(ports)}')
    if args.json:
        print_json(documents[0] if len(documents) == 1 else documents)
    return 0
