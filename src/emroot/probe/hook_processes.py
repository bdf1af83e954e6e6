"""Sees every process that an emcc starts while libraries of its link are awaited, and stands in for the linker (see `hook.py`).

Functions of emcc are renamed and rewritten from release to release; that the linker is a process stays. Whatever starts
another process that names an awaited library, or opens one, has them built first.

It runs in the SDK's Python (3.8 or later) and imports nothing of emroot.
"""

import os
import subprocess
import sys

#: What `sys.addaudithook` tells of programs that are started, by `subprocess.Popen` or past it.
STARTS = ('subprocess.Popen', 'os.system', 'os.exec', 'os.posix_spawn', 'os.spawn')
#: A process that says and ends as the linker would have.
LINKER = """
import os, sys
with open(sys.argv[2], 'rb') as f:
    sys.stderr.buffer.write(f.read())
os.remove(sys.argv[2])
sys.exit(int(sys.argv[1]))
"""


def watch(hook):
    """See what is started from now on. `hook` has what is `awaited`, and can `link` and `build_awaited`."""
    class Popen(subprocess.Popen):
        def __init__(self, args, *more, **options):
            ended = _before(hook, args, options.get('cwd'))
            if ended:
                args = [sys.executable, '-I', '-S', '-c', LINKER, *map(str, ended)]
                options.pop('executable', None)
            super().__init__(args, *more, **options)

    def audit(event, arguments):
        if hook.awaited and not hook.busy and not hook.served and (
                _mentions(hook, _words(arguments)) if event in STARTS
                else event == 'open' and arguments[0] in hook.awaited):
            hook.build_awaited()

    subprocess.Popen = Popen
    sys.addaudithook(audit)


def _before(hook, args, cwd):
    """Do what has to be done before a process starts; for the linker, if it need not be started, how it ended."""
    if hook.busy or not hook.awaited:
        return None
    words = _words(args)
    if words and not isinstance(args, (str, bytes)) and os.path.basename(words[0]).startswith('wasm-ld'):
        ended = hook.link(_spelled_out(words), os.fsdecode(cwd or os.getcwd()))
        if ended:
            return ended
    elif hook.served or not _mentions(hook, words):
        return None
    hook.build_awaited()
    return None


def _words(given):
    """The words of a command, however it is given."""
    if isinstance(given, (str, bytes, os.PathLike)):
        return [os.fsdecode(given)]
    if isinstance(given, (list, tuple)):
        return [word for each in given for word in _words(each)]
    return []


def _spelled_out(words):
    """A command with what its response files say instead of them. One that cannot be read is left: no link is lazy with it."""
    try:
        return sys.modules['tools.response_file'].substitute_response_files(words)
    except (KeyError, AttributeError, TypeError, ValueError, OSError):
        return words


def _mentions(hook, words):
    """Whether a command may read what is awaited. A wrong yes costs time, a wrong no the link."""
    text = ' '.join(words)
    if 'wasm-ld' in text:
        return True
    files = [os.path.basename(path) for path in hook.awaited]
    options = {'-l' + os.path.splitext(file)[0][len('lib'):] for file in files if file.startswith('lib')}
    return any(word.startswith('@') or word in options or any(file in word for file in files)
               for word in (word.strip('\'"') for word in text.split()))
