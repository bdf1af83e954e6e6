"""What a port with a file of its own was made from, besides that file: part of its key once it was built.

As with a compiler's headers, which files these are is known after a build only; then each look at the cache directory asks
whether they are still the same (`cache_directory/directory.py`), and the key is made from their content.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...hashing import digest_file, digest_record
from ...host.checked_json import read_checked_json, write_checked_json
from ...libraries.catalogue import Catalogue
from ...probe.port_inputs import LISTED, READ, stamp

#: How something was looked at (`read`, `listed`) and its path.
Inputs = Sequence[Sequence[str]]
#: Stands for the stamp of what was edited while it was read.
EDITED = 'edited'


def key_with_inputs(catalogue: Catalogue, base: str) -> str:
    """The key of what has this key otherwise, with its inputs as they are now."""
    inputs = [[how, path, _content(how, path)] for how, path in known_inputs(catalogue, base)]
    return digest_record({'base': base, 'inputs': inputs})


def known_inputs(catalogue: Catalogue, base: str) -> Inputs:
    """What the last build looked at."""
    return list((read_checked_json(_memo(catalogue, base)) or {}).get('inputs', []))


def learn_inputs(catalogue: Catalogue, base: str, inputs: Inputs) -> None:
    """Remember what a build looked at."""
    write_checked_json(_memo(catalogue, base), {'inputs': [list(each) for each in inputs]})


def stamped(inputs: Inputs, began: int) -> list[list[Any]]:
    """Inputs with what will tell that they are as they were. What was edited since `began` (nanoseconds) never is."""
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
