"""`emroot list`."""

from __future__ import annotations

import argparse

from .session import Session, print_json


def list_targets(args: argparse.Namespace) -> int:
    """Targets of a mode."""
    session = Session(args)
    documents = []
    for mode in session.modes():
        listing = session.catalogue.listing(mode)
        names = listing.expand(args.patterns) if args.patterns else list(listing.libraries)
        rows, vary = [], {}
        for name in names:
            if library := listing.library(name):
                vary[name] = ' '.join(f'{key.removeprefix("is_")}={value}' for key, value in library.vary.items()
                                      if value not in ('False', 'None'))
                rows.append({'name': name, 'file': library.file, 'objects': library.objects,
                             'present': (session.cache / library.path).is_file()})
        ports = [name for name in ([*listing.ports, *listing.port_variants] if not args.patterns else names)
                 if not listing.library(name)]
        documents.append({'mode': mode.name, 'targets': rows, 'ports': ports})
        if args.json:
            continue
        print(f'{mode}: {len(rows)} targets, {sum(int(str(r["objects"])) for r in rows)} objects')
        width = max([len(str(r['name'])) for r in rows], default=0)
        for row in rows:
            mark = 'present' if row['present'] else '-'
            print(f'  {row["name"]!s:{width}}  {row["objects"]:>5}  {mark:7}  {vary[str(row["name"])]}'.rstrip())
        if ports:
            print(f'  ports: {" ".join(ports)}')
    if args.json:
        print_json(documents[0] if len(documents) == 1 else documents)
    return 0
