"""`emroot env` and `emroot run`: emcc, using the cache directory."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from .. import ownership
from ..canonical import digest_bytes
from ..errors import RemoteError, UsageError
from ..files import as_python, read_file, remove_tree, write_text
from ..lazy.partial import completing_command, never_whole
from ..linkline import read_link
from ..probe import HOOK
from ..sdk.inspect import config_files
from ..using import emcc_variables
from .build import exit_code, run_build
from .notices import heard
from .session import PROJECT, Session, print_json

#: What EMROOT_LAZY and --lazy may say; the first is the default.
LAZY = ('exact', 'predict', 'off')
#: The configuration that emcc would read by itself, as if it read it by itself: those of emsdk look for themselves in EM_CONFIG.
OWN = """
def _own(place):
    import os
    hooked = os.environ.get('EM_CONFIG')
    os.environ['EM_CONFIG'], os.environ['CFGDIR'] = place, os.path.dirname(place)
    globals()['__file__'] = place
    with open(place, encoding='utf-8') as f:
        exec(compile(f.read(), place, 'exec'), globals())
    if hooked is not None:
        os.environ['EM_CONFIG'] = hooked
_own({own})
"""
#: What is added to it. If emroot is gone, emcc works as it would without.
HOOKED = """
# emroot: libraries that a link misses are built together, before emcc would build them one by one.
def _hook():
    import importlib.util, os
    place = {hook}
    if os.path.isfile(place):
        spec = importlib.util.spec_from_file_location('emroot_hook', place)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.install({command})
_hook()
"""


def env(args: argparse.Namespace) -> int:
    """Print what to set."""
    session = Session(args)
    code = _prepare(session, needed=True)
    warn_of_parts(session)
    variables = emcc_variables(session.catalogue, session.cache, session.home)
    if args.json:
        print_json(variables)
    else:
        shell = args.shell or ('powershell' if os.name == 'nt' else 'bash')
        sys.stdout.write(''.join(_line(shell, name, value) for name, value in variables.items()))
    return code


def warn_of_parts(session: Session) -> None:
    """Say which libraries a frozen emcc will miss that links below `emroot run` have got on without."""
    missing = never_whole(session.cache)
    if missing and not session.args.quiet:
        shown = ' and '.join(f'{len(targets)} of {mode}' for mode, targets in missing.items())
        print(f'emroot: {session.cache} lacks libraries of which lazy links took only what they pull ({shown}); '
              f'a frozen emcc fails without them\n  hint: {completing_command(session.cache, missing)}', file=sys.stderr)


def run(args: argparse.Namespace, *, loud: bool = False) -> int:
    """Run a command so: what is selected is built before it starts, what its links miss beyond that when they miss it."""
    command = _given(args)
    session = Session(args)
    code = _prepare(session, needed=False)
    if code not in (0, RemoteError.exit_code):
        return code
    environment = {**os.environ, **emcc_variables(session.catalogue, session.cache, session.home), **_remote(session),
                   'EM_FROZEN_CACHE': '0', 'EM_CONFIG': str(hooked_config(session, loud=loud))}
    program = shutil.which(command[0], path=environment['PATH'])
    if program is None:
        raise UsageError(f'there is no command {command[0]!r}', hint='check its spelling and PATH')
    with heard(quiet=args.quiet) as variables:
        code = subprocess.run([program, *command[1:]], env={**environment, **variables}, check=False,
                              umask=ownership.given_umask).returncode
    if os.environ.get('EM_FROZEN_CACHE', '') not in ('', '0'):  # which does not hold below run, but will after it
        warn_of_parts(session)
    return 128 - code if code < 0 else code  # ended by a signal: as a shell has it


def link(args: argparse.Namespace) -> int:
    """Run one link so, and say what it took."""
    line = read_link(_given(args))
    if not line.command:
        raise UsageError('flags alone link nothing', hint='begin with emcc or em++: emroot link -- em++ main.o -o app.js')
    args.command = list(line.command)
    os.environ.update(line.variables)
    return run(args, loud=not args.quiet)


def _given(args: argparse.Namespace) -> list[str]:
    command: list[str] = args.command[1:] if args.command[:1] == ['--'] else args.command
    if not command:
        raise UsageError('no command to run', hint='put it after `--`: emroot run -- make')
    return command


def lazily(args: argparse.Namespace) -> str:
    """Whether links are lazy: on the command line, else in EMROOT_LAZY, else wherever that is exact."""
    how = args.lazy or os.environ.get('EMROOT_LAZY') or LAZY[0]
    if how not in LAZY:
        raise UsageError(f'EMROOT_LAZY is {how!r}', hint=f'set it to {", ".join(LAZY[:-1])} or {LAZY[-1]}')
    return str(how)


def hooked_config(session: Session, *, loud: bool = False) -> Path:
    """An emscripten configuration with which emcc has emroot build what a link misses (see `probe/hook.py`)."""
    args = session.args
    here = ['--sdk', str(session.sdk.root), '--home', str(session.home.root)]
    how = ['--cache', str(session.cache), *(['--builder', args.builder] if args.builder else []),
           *(['--jobs', str(args.jobs)] if args.jobs else []),
           *(['--base', str(session.base or '')] if session.base or not session.sdk_cache else []),
           *(['--launcher', args.launcher] if args.launcher is not None else []),
           *(['--ports-from', str(session.ports_from)] if session.ports_from else [])]
    command = {'argv': [sys.executable, '-m', 'emroot', *here, '--quiet', 'build', *how]}
    if (lazy := lazily(args)) != 'off':
        command['lazy'] = [sys.executable, '-m', 'emroot.cli.lazily', *here, *how,
                           *([] if loud else ['--quiet']), *(['--tell'] if args.verbose else []),
                           *(['--predict'] if lazy == 'predict' else []), *(['--complete'] if _completes(session) else [])]
    kept = {name: value for name, value in os.environ.items() if name.startswith(('EM_', 'EMCC_'))
            and name in ('EM_CONFIG', 'EMCC_LOCAL_PORTS', 'EM_PORTS', 'EM_LLVM_ROOT', 'EM_BINARYEN_ROOT', 'EM_NODE_JS')}
    kept[PROJECT] = str(session.project.place) if session.project else ''
    own = next((path for path in config_files(session.sdk.root) if os.path.isfile(path)), None)
    hooked = HOOKED.format(hook=as_python(str(HOOK)), command=as_python({**command, 'env': kept}))
    text = (OWN.format(own=as_python(own)) if own else '') + session.sdk.config_text + hooked
    place = session.home.root / 'run' / f'{digest_bytes(text.encode())[:16]}.config'
    if read_file(place) != text.encode(errors='surrogateescape'):  # it is Python, which every emcc runs
        try:
            write_text(place, text)
        except OSError:  # a home that cannot be written to: what is built can be used all the same
            place = _temporary_directory() / place.name
            write_text(place, text)
    return place


def _temporary_directory() -> Path:
    """One that is there until this process ends."""
    import atexit
    import tempfile
    directory = Path(tempfile.mkdtemp(prefix='emroot-run-'))
    atexit.register(remove_tree, directory)
    return directory


def _completes(session: Session) -> bool:
    """Whether libraries are completed after a lazy link: as the command line says, else EMROOT_COMPLETE, else the project."""
    said = os.environ.get('EMROOT_COMPLETE', '')
    if said not in ('', '0', '1'):
        raise UsageError(f'EMROOT_COMPLETE is {said!r}', hint='set it to 1 or 0, or unset it')
    return bool(session.args.complete or (said == '1' if said else session.project and session.project.complete))


def _prepare(session: Session, *, needed: bool) -> int:
    return exit_code(run_build(session, needed=needed))


def _remote(session: Session) -> dict[str, str]:
    """What tells the builds that links ask for of a remote given on the command line; not as arguments, which everybody sees."""
    remote = session.remote if session.args.remote else None
    return {'EMROOT_REMOTE': f'{"rw+" if remote.writes else ""}{remote.place}'} if remote else {}


def _line(shell: str, name: str, value: str) -> str:
    if shell == 'fish':
        quoted = value.replace('\\', '\\\\').replace("'", "\\'")
        return f"set -gx {name} '{quoted}'\n"
    if shell == 'powershell':
        quoted = value.replace("'", "''")
        return f"$env:{name} = '{quoted}'\n"
    if shell == 'cmd':
        return f'set "{name}={value}"\n'
    return f'export {name}={shlex.quote(value)}\n'

