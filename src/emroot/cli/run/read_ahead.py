"""Reading the sources of libraries while emcc still compiles what the first link of a kind is to link.

A lazy link without an index compares names with these sources (`lazy_link/mentioned_names.py`), and they take seconds to
read. What is read is kept in the home. The link does not depend on it.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator, Sequence

from ...errors import UsageError
from ...hashing import digest_record
from ...host.home import write_json
from ...host.isolated_python import isolated
from ...libraries.link_line import read_link
from ..context import CommandContext
from .hook_config import lazy_mode, program_arguments

#: Options that do not matter for libraries.
_OTHER_OPTIONS = ('-D', '-I', '-L', '-U', '-W', '-i', '-o')
#: Seconds that the reader has for ending. It takes hundredths of one.
PATIENCE = 5.0


@contextlib.contextmanager
def reading_ahead(context: CommandContext, command: Sequence[str]) -> Iterator[Callable[[], None]]:
    """Let `source_reader.py` run beside the block, if `command` is a link, and none of its kind was noted before. The block
    notes it by a call of what it gets."""
    options = _link_options(command) if lazy_mode(context.args) in ('auto', 'predict') else None
    note = context.home.memo / 'mentions' / f'{digest_record([context.sdk.digest, options])[:32]}.link.json'
    if options is None or note.exists():
        yield lambda: None
        return
    here, how = program_arguments(context)
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            process = stack.enter_context(subprocess.Popen(
                [*isolated('emroot.cli.run.source_reader'), *here, *how, '--quiet', '--', *command],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            stack.callback(_end, process)
        yield lambda: write_json(note, {'command': list(command)})


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the reader, which removes its temporary files first; on Windows it cannot."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE)
    process.kill()


def _link_options(command: Sequence[str]) -> list[str] | None:
    """What the libraries of a link depend on; None if this is not the command of one link."""
    try:
        line = read_link(command)
    except UsageError:
        return None
    if not line.command or not line.links:
        return None
    return [line.driver, *(word for word in line.arguments if word.startswith('-') and not word.startswith(_OTHER_OPTIONS))]
