"""`dev.py releases`: renew the list of official releases (`src/emroot/sdk/releases.json`) by emsdk's own list.

    python3 dev.py releases [FILE]      emsdk's `bazel/revisions.bzl`; default: that of its main branch

Prints the versions that are new. A release that is known is never changed: emsdk naming another digest for it is an error.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

from emroot.sdk.providers import order
from emroot.sdk.providers.emsdk import RELEASES

from .paths import say

REVISIONS = 'https://raw.githubusercontent.com/emscripten-core/emsdk/main/bazel/revisions.bzl'
_OLDEST = '3.1.69'


def main(argv: list[str]) -> int:
    """Read emsdk's list, and write what is new."""
    parser = argparse.ArgumentParser(allow_abbrev=False, prog='dev.py releases')
    parser.add_argument('file', nargs='?', type=Path, help=f'default: {REVISIONS}')
    given = parser.parse_args(argv).file
    if given:
        text = given.read_text(encoding='utf-8')
    else:
        with urllib.request.urlopen(REVISIONS, timeout=60) as answer:
            text = answer.read().decode()
    known = json.loads(RELEASES.read_text(encoding='utf-8'))
    new = merge(known['releases'], revisions(text))
    if new:
        RELEASES.write_text(written(known), encoding='utf-8')
    say(f'{RELEASES.name}: {"new: " + ", ".join(new) if new else "nothing new"}')
    return 0


def revisions(text: str) -> dict[str, dict[str, str]]:
    """The releases of a `revisions.bzl`, which Python can read: `{"6.0.8": struct(hash = ..., sha_mac_arm64 = ...)}`."""
    [tags] = [node.value for node in ast.parse(text).body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)]
    found = {}
    for version, struct in zip(tags.keys, tags.values, strict=True):
        if isinstance(version, ast.Constant) and isinstance(struct, ast.Call):
            said = {str(word.arg): str(ast.literal_eval(word.value)) for word in struct.keywords}
            found[str(version.value)] = {name.removeprefix('sha_').replace('_', '-'): value for name, value in said.items()}
    return found


def merge(known: dict[str, dict[str, str]], named: dict[str, dict[str, str]]) -> list[str]:
    """Put those that are new and not too old into `known`, the newest first; their versions."""
    changed = [version for version in known if version in named and named[version] != known[version]]
    if changed:
        raise SystemExit(f'dev.py releases: emsdk names other digests than before for {", ".join(changed)}: find out why')
    new = sorted((v for v in named if v not in known and order(v) > order(_OLDEST)), key=order, reverse=True)
    together = {**known, **{version: named[version] for version in new}}
    known.clear()
    known.update({version: together[version] for version in sorted(together, key=order, reverse=True)})
    return new


def written(document: dict[str, Any]) -> str:
    """One line for each release."""
    releases = document['releases']
    lines = ',\n'.join(f'  "{version}": {json.dumps(release)}' for version, release in releases.items())
    return f'{{\n "source": {json.dumps(document["source"])},\n "releases": {{\n{lines}\n }}\n}}\n'


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
