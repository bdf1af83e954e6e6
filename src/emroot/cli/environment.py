"""What `emroot run` tells the emroot below it. Programs of the project see EM_CONFIG alone, whose name says it."""

from __future__ import annotations

import os

#: Variable of what an emcc below `emroot run` starts: the file for messages (see `cli/ui/notices.py`); empty if nobody listens.
NOTICES = 'EMROOT_NOTICES'
#: The ends of the names of configurations, and of the file for messages next to one (`probe/emcc_hook/hook.py` has the same).
CONFIG, MESSAGES = '.config', '.notices'
#: The end of the name of the configuration below a run that is quiet.
QUIET = '-quiet' + CONFIG


def notices_file() -> str | None:
    """The file for messages to the `emroot run` above this process; empty if it is quiet, None if there is none."""
    if NOTICES in os.environ:
        return os.environ[NOTICES]
    config = os.environ.get('EM_CONFIG', '')
    if config.endswith(QUIET):
        return ''
    file = config.removesuffix(CONFIG) + MESSAGES
    return file if config.endswith(CONFIG) and os.path.isfile(file) else None


def is_below_run() -> bool:
    """Whether this process, or the emcc that started it, is below `emroot run`."""
    return notices_file() is not None
