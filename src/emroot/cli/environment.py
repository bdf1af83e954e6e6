"""What `emroot run` tells the emroot below it, by the environment."""

from __future__ import annotations

import os

#: Variable below `emroot run`: the file for messages (see `cli/ui/notices.py`); empty if builds are to be silent.
NOTICES = 'EMROOT_NOTICES'


def is_below_run() -> bool:
    """Whether an emcc below `emroot run` started this process, according to its environment."""
    return NOTICES in os.environ
