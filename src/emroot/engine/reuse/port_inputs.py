"""Inputs of ports with their own port file: after the first build they are part of the key, and each later look at the cache
directory checks whether they are unchanged (`cache_directory/directory.py`)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...hashing import digest_file, digest_record
from ...host.checked_json import read_checked_json, write_checked_json
from ...libraries.catalogue import Catalogue
from ...probe.port_inputs import LISTED, READ, stamp

#: The kind of access (`read`, `listed`) and the path.
Inputs = Sequence[Sequence[str]]
#: The stamp of a file that was edited while it was read.
EDITED = 'edited'


def key_with_inputs(catalogue: Catalogue, base: str) -> str:
    """The key for `base`, with the current content of its inputs."""
    inputs = [[how, path, _content(how, path)] for how, path in known_inputs(catalogue, base)]
    return digest_record({'base': base, 'inputs': inputs})


def known_inputs(catalogue: Catalogue, base: str) -> Inputs:
    """The files that the last build read."""
    return list((read_checked_json(_memo(catalogue, base)) or {}).get('inputs', []))


def learn_inputs(catalogue: Catalogue, base: str, inputs: Inputs) -> None:
    """Record the files that a build read."""
    write_checked_json(_memo(catalogue, base), {'inputs': [list(each) for each in inputs]})


def stamped(inputs: Inputs, began: int) -> list[list[Any]]:
    """Inputs with stat fingerprints; one edited after `began` (nanoseconds) gets one that never matches."""
    found: list[list[Any]] = []
    for how, path in inputs:
        seen = stamp(how, path)
        found.append([how, path, EDITED if how == READ and seen and seen[1] >= began else seen])
    return found


def _memo(catalogue: Catalogue, base: str) -> Path:
    return catalogue.memo / 'ports' / f'{base[:32]}.json'


def _content(how: str, path: str) -> str | None:
    try:
        return digest_record(sorted(os.listdir(path))) if how == LISTED else digest_file(path)
    except OSError:
        return None
