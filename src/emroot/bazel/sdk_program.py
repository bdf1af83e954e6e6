"""`probe/program.py` for build actions: the SDK's programs start each other through Python alone.

embuilder starts `emcc`, which on most systems is a shell script that looks for a Python on PATH. An action has neither
PATH nor shell, so what has a `.py` of the same name beside it is run from that, by this very Python.
"""

import os
import subprocess
import sys

PROBE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'probe')


class Direct(subprocess.Popen):
    """Starts a process without the launcher script of an Emscripten program."""

    def __init__(self, args, *rest, **options):
        if isinstance(args, (list, tuple)):
            stem = os.path.splitext(str(args[0]))[0] if str(args[0]).endswith('.bat') else str(args[0])
            if os.path.isabs(stem) and not stem.endswith('.py') and os.path.isfile(stem + '.py'):
                args = [sys.executable, '-E', '-B', stem + '.py', *args[1:]]
        super().__init__(args, *rest, **options)


if __name__ == '__main__':
    sys.path.insert(0, PROBE)
    import program
    sys.path.remove(PROBE)
    subprocess.Popen = Direct
    program.main(sys.argv[1], sys.argv[2])
