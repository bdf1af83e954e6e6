"""Watches the processes that emcc starts while libraries of its link are missing, and replaces the linker (see `hook.py`).

Functions of emcc are renamed and rewritten from release to release, but the linker is always a process. Before any other
process that names a missing library, or an open of one, the libraries are built.
"""

import os
import subprocess
import sys

#: Audit events for started programs, by `subprocess.Popen` or other functions.
STARTS = ('subprocess.Popen', 'os.system', 'os.exec', 'os.posix_spawn', 'os.spawn')
#: By exit code, a program that ends with it silently, and starts faster than Python, if the system has one.
SILENT = {code: path for code, name in enumerate(('true', 'false'))
          for path in ('/bin/' + name, '/usr/bin/' + name) if os.access(path, os.X_OK)}
#: A program with the linker's output and exit code.
LINKER = """
import os, sys
with open(sys.argv[2], 'rb') as f:
    sys.stderr.buffer.write(f.read())
os.remove(sys.argv[2])
sys.exit(int(sys.argv[1]))
"""


def watch(hook):
    """Watch all processes from now on. `hook` has the `awaited` libraries, `link` and `build_awaited`."""
    class Popen(subprocess.Popen):
        def __init__(self, args, *more, **options):
            ended = _before(hook, args, options.get('cwd'))
            if ended:
                args = instead_of_the_linker(*ended, captured=options.get('stderr') is not None)
                options.pop('executable', None)
            super().__init__(args, *more, **options)

    def audit(event, arguments):
        if hook.awaited and not hook.busy and not hook.served and (
                _mentions(hook, _words(arguments)) if event in STARTS
                else event == 'open' and arguments[0] in hook.awaited):
            hook.build_awaited()

    subprocess.Popen = Popen
    sys.addaudithook(audit)


def instead_of_the_linker(code, file, captured):
    """A command that ends as the linker did, whose output is in a file. Where its standard error is not `captured`, it is this
    process's."""
    if code in SILENT and (os.path.getsize(file) == 0 or not captured):
        with open(file, 'rb') as f:
            said = f.read()
        os.remove(file)
        if said:
            sys.stderr.flush()
            with open(2, 'wb', closefd=False) as stderr:
                stderr.write(said)
        return [SILENT[code]]
    return [sys.executable, '-I', '-S', '-c', LINKER, str(code), file]


def _before(hook, args, cwd):
    """Called before a process starts. If it is the linker and need not be started, returns its result."""
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
    """The words of a command, given as a string or a list."""
    if isinstance(given, (str, bytes, os.PathLike)):
        return [os.fsdecode(given)]
    if isinstance(given, (list, tuple)):
        return [word for each in given for word in _words(each)]
    return []


def _spelled_out(words):
    """A command with the content of its response files. If one cannot be read, it stays, and the link is not lazy."""
    try:
        return sys.modules['tools.response_file'].substitute_response_files(words)
    except (KeyError, AttributeError, TypeError, ValueError, OSError):
        return words


def _mentions(hook, words):
    """Whether a command may read missing libraries. A false positive costs time, a false negative breaks the link."""
    text = ' '.join(words)
    if 'wasm-ld' in text:
        return True
    files = [os.path.basename(path) for path in hook.awaited]
    options = {'-l' + os.path.splitext(file)[0][len('lib'):] for file in files if file.startswith('lib')}
    return any(word.startswith('@') or word in options or any(file in word for file in files)
               for word in (word.strip('\'"') for word in text.split()))
