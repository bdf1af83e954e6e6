"""What the Bazel toolchain runs instead of emcc and emar: `python driver.py compile|compile++|link|archive|strip ARGUMENTS`.

It runs the SDK's own programs with a configuration and a cache made of nothing but the action's inputs, and leaves
nothing of the place where it ran in what they write. All outputs of a link go into the one file that Bazel expects of
it, a tar; `wasm_cc_binary` unpacks it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).absolute().parents[2]))

from emroot.bazel.places import SdkPlaces, is_for_cache, mapped, place_in_cache  # the line above makes the package importable
from emroot.bazel.remedy import FROZEN, advice, ask, port_options
from emroot.bazel.unpack import divide
from emroot.probe import pure_environment

#: What the features emcc_debug and emcc_debug_link say.
DEBUG = '--emroot-debug'
#: The name of the first entry of what a link leaves, a tar: it says something to whoever starts that as a program, and nothing to
#: tar. A name has no more than 100 bytes.
_STARTED = '#!/bin/sh\necho "emroot: this is a tar: run it by wasm_cc_binary or wasm_cc_test">&2;exit 126\n'


class Place:
    """One action's SDK, configuration and cache."""

    def __init__(self, scratch: Path, *, debug: bool = False) -> None:
        self.debug = debug
        self.sdk = SdkPlaces.read(os.environ['EMROOT_SDK'])
        self.here = Path.cwd()
        self.scratch = scratch

    def environment(self, cache: Path) -> dict[str, str]:
        """The environment of emcc: its tools and cache are the action's inputs."""
        config = self.scratch / 'emscripten.config'
        config.write_text(self.sdk.config_text(cache) + 'FROZEN_CACHE = True\n', encoding='utf-8')
        # PWD: Bazel says /proc/self/cwd, which clang would take for the directory of each source.
        kept = {name: value for name, value in pure_environment().items()
                if not name.startswith(('EMSDK', 'EMROOT_')) and name not in ('EMCC_LOGGING', 'PWD')}
        debug = {'EMCC_DEBUG': '1'} if self.debug else {}
        return {**kept, **debug, 'EM_CONFIG': str(config), 'EM_CACHE': str(cache), 'EM_FROZEN_CACHE': '1', 'LC_ALL': 'C',
                'PYTHONDONTWRITEBYTECODE': '1', 'PYTHONHASHSEED': '0', 'TMPDIR': str(self.scratch),
                'TEMP': str(self.scratch), 'TMP': str(self.scratch)}

    def run(self, program: str, arguments: list[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
        """One of the SDK's programs, what it says included in the result."""
        return subprocess.run([sys.executable, '-E', '-B', str(self.sdk.root / program), *arguments], env=dict(env),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


# --- compiles --------------------------------------------------------------------------------------------------------

def compile_(place: Place, program: str, arguments: list[str]) -> int:
    """Compile one file. The headers are an input; what was read is told to Bazel in paths relative to its root."""
    headers, ports = mapped(os.environ['EMROOT_HEADERS']), port_options(arguments)
    cache = with_ports(place.scratch, headers, arguments) if ports else Path(headers).absolute()
    maps = [f'-ffile-prefix-map={cache}={headers}', f'-ffile-prefix-map={place.here}{os.sep}=',
            f'-ffile-prefix-map={place.here}=.', *place.sdk.resource_dir_map]
    done = place.run(program, [*arguments, *maps], place.environment(cache))
    _say(place, _advice_on_ports(place, cache, arguments, ports, done) or done.stdout)
    if done.returncode == 0 and '-MF' in arguments:
        own = [headers, str(cache), os.path.dirname(os.environ['EMROOT_SDK']), place.sdk.found_resource_dir]
        relative_dependencies(Path(arguments[arguments.index('-MF') + 1]), place.here, own)
    return done.returncode


def with_ports(scratch: Path, headers: str, arguments: list[str]) -> Path:
    """The headers and the ports among the inputs as one cache, where emcc looks for what an option like `-sUSE_ZLIB` names."""
    ports = [str(Path(a).parents[1]) for a in arguments if is_for_cache(a) and a.endswith('/sysroot/include')]
    if not ports:
        return Path(headers).absolute()
    fill_cache(scratch / 'cache', [headers, *ports])
    return scratch / 'cache'


def _advice_on_ports(place: Place, cache: Path, arguments: list[str], ports: list[str],
                     done: subprocess.CompletedProcess[bytes]) -> bytes:
    """What to do about a compile that failed for want of a port, if that is why."""
    if done.returncode == 0 or not ports or FROZEN not in done.stdout.decode(errors='replace'):
        return b''
    mode = [a for a in arguments if a == '-m64' or a.startswith('-flto')]
    needs = ask(place.sdk.root, place.environment(cache), place.scratch, ['emcc', 'main.o', *mode, *ports])
    return (advice({**needs, 'libraries': []}, in_cache(cache), []) or '').encode() if needs else b''


def relative_dependencies(file: Path, here: Path, own: Sequence[str]) -> None:
    """Name all files in a dependency file relative to Bazel's execution root `here`, but for those below the directories `own`:
    they are the toolchain's, and inputs anyway. What lies elsewhere stays as it is: Bazel knows where sources of other
    repositories are, and refuses what is nobody's."""
    text = file.read_text(encoding='utf-8')
    target, _, rest = text.partition(':')
    while rest[:1] in ('\\', '/'):  # the colon of a drive
        more, _, rest = rest.partition(':')
        target += ':' + more
    top, toolchain = here.as_posix() + '/', tuple(directory.replace(os.sep, '/').rstrip('/') + '/' for directory in own)
    kept = []
    for word in re.findall(r'(?:\\[ #]|[^\s\\]|\\(?![\s]))+', rest):
        path = word.replace('\\ ', ' ').replace(os.sep, '/').removeprefix(top)
        if not path.startswith(toolchain):
            kept.append(path.replace(' ', '\\ '))
    file.write_text(f'{target}: {" ".join(kept)}\n', encoding='utf-8')


# --- archives --------------------------------------------------------------------------------------------------------

def archive(place: Place, arguments: list[str]) -> int:
    """An archive without times and owners."""
    out = arguments[arguments.index('-o') + 1]
    members = [a for a in arguments if a not in ('-o', out)]
    Path(out).unlink(missing_ok=True)
    response = place.scratch / 'members'
    response.write_text(''.join(_quoted(member.replace('\\', '/')) + '\n' for member in members), encoding='utf-8')
    done = subprocess.run([str(place.sdk.tools['llvm-ar']), 'rcsD', out, f'@{response}'], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    _say(place, done.stdout)
    return done.returncode


def _quoted(word: str) -> str:
    """A word of a response file, as LLVM reads it."""
    return '"' + word.replace('\\', '\\\\').replace('"', '\\"') + '"'


# --- links -----------------------------------------------------------------------------------------------------------

def link(place: Place, arguments: list[str]) -> int:
    """Link against a cache made of exactly the libraries among the inputs, and pack what emcc writes."""
    at = arguments.index('-o')
    out = Path(arguments[at + 1])
    rest = arguments[:at] + arguments[at + 2:]
    rest = by_path(rest)
    cached = [a for a in rest if is_for_cache(a) and not a.startswith('-')]
    ports = [a for a in rest if a.startswith('--emroot-port=')]
    rest = [a for a in rest if a not in cached and a not in ports]
    cached += [mapped(a.partition('=')[2]) for a in ports]
    cache, made = place.scratch / 'cache', place.scratch / 'made'
    made.mkdir()
    fill_cache(cache, cached)
    if _is_side_module(rest):
        rest = [a for a in rest if not a.startswith('--oformat=')]  # it has no JavaScript to be written in any format
    # Bazel calls a shared library lib*.so, users call a program hello.js.
    name = f'{divide(out.name.removesuffix(".so"))[0]}.{_output_format(rest)}'
    # em++ takes the C++ runtime in whatever it is told (as `fetch.py: linker` knows).
    program = 'emcc.py' if '-sDEFAULT_TO_CXX=0' in rest else 'em++.py'
    env, command = place.environment(cache), [*rest, '-o', str(made / name)]
    done = place.run(program, command, env)
    if done.returncode != 0 and FROZEN in done.stdout.decode(errors='replace'):
        needs = ask(place.sdk.root, env, place.scratch, [program.removesuffix('.py'), *command])
        # What features tell comes before the output, what targets and --linkopt tell after it.
        _say(place, (advice(needs, in_cache(cache), arguments[at:]) or '').encode() or done.stdout)
        return done.returncode
    _say(place, done.stdout)
    if done.returncode != 0:
        return done.returncode
    for source_map in made.glob('*.map'):
        name_sources(source_map, place.here)
    pack(made, out)
    return 0


def by_path(arguments: list[str]) -> list[str]:
    """Arguments, with the system libraries of a dynamic link, of which Bazel says names and directories, as paths."""
    named = [a for a in arguments if a.startswith('-l') and is_for_cache(f'/lib{a[2:]}')]
    directories = [Path(a[2:]) for a in arguments if a.startswith('-L')]
    found = [next(d / f'lib{a[2:]}.so' for d in directories if (d / f'lib{a[2:]}.so').exists()) for a in named]
    return [a for a in arguments if a not in named] + [str(path) for path in found]


def name_sources(source_map: Path, here: Path) -> None:
    """Have a source map name the program's sources from Bazel's execution root `here`, which is how they lie in the workspace.
    emcc names them from where it writes: a directory of this action."""
    said = json.loads(source_map.read_text(encoding='utf-8'))
    top = here.as_posix() + '/'
    found = (os.path.normpath(source_map.parent / name).replace(os.sep, '/') for name in said['sources'])
    said['sources'] = [name.removeprefix(top) for name in found]
    source_map.write_text(json.dumps(said, separators=(',', ':')), encoding='utf-8')


def fill_cache(cache: Path, files: list[str]) -> None:
    """Put the libraries and ports where emcc looks for them."""
    (cache / 'sysroot' / 'lib').mkdir(parents=True)
    (cache / 'sysroot' / 'include').mkdir()
    (cache / 'sysroot_install.stamp').write_text('x', encoding='utf-8')
    for file in files:
        source = Path(file).absolute()
        if source.is_dir():
            shutil.copytree(source, cache, dirs_exist_ok=True, copy_function=_put)
        else:
            target = cache / place_in_cache(file)
            target.parent.mkdir(parents=True, exist_ok=True)
            _put(str(source), str(target))


def in_cache(cache: Path) -> set[str]:
    """Paths of the libraries that a cache has."""
    return {path.relative_to(cache).as_posix() for path in (cache / 'sysroot' / 'lib').rglob('*')}


def _put(source: str, target: str) -> None:
    try:
        os.symlink(source, target)
    except FileExistsError:  # ports that need the same one have it both; writing would go through the link
        return
    except OSError:
        shutil.copyfile(source, target)


def _is_side_module(arguments: list[str]) -> bool:
    return any(re.fullmatch(r'-sSIDE_MODULE(=[12])?', a) for a in arguments)


def _output_format(arguments: list[str]) -> str:
    """The last `--oformat`; a side module is WebAssembly alone."""
    if _is_side_module(arguments):
        return 'wasm'
    given = [a.partition('=')[2] for a in arguments if a.startswith('--oformat=')]
    return {'bare': 'wasm', 'wasm': 'wasm', 'html': 'html', 'mjs': 'mjs'}.get(given[-1] if given else 'js', 'js')


def pack(directory: Path, out: Path) -> None:
    """All files of a directory in a tar that depends on their names and contents alone."""
    with tarfile.open(out, 'w', format=tarfile.USTAR_FORMAT) as tar:
        first = tarfile.TarInfo(_STARTED)
        first.type = tarfile.XGLTYPE  # remarks on all entries, here none
        tar.addfile(first)
        for path in sorted(p for p in directory.rglob('*') if p.is_file()):
            entry = tarfile.TarInfo(path.relative_to(directory).as_posix())
            entry.size, entry.mode = path.stat().st_size, 0o755
            with open(path, 'rb') as f:
                tar.addfile(entry, f)


def strip(place: Place, arguments: list[str]) -> int:
    """Strip the WebAssembly in what a link left."""
    at = arguments.index('-o')
    packed, options = arguments[-1], arguments[:at] + arguments[at + 2:-1]
    made = place.scratch / 'made'
    with tarfile.open(packed) as tar:
        unpack(tar, made)
    for file in sorted(made.glob('*.wasm')):
        done = place.run('emstrip.py', [*options, str(file)], place.environment(place.scratch / 'cache'))
        _say(place, done.stdout)
        if done.returncode != 0:
            return done.returncode
    pack(made, Path(arguments[at + 1]))
    return 0


def unpack(tar: tarfile.TarFile, directory: Path) -> None:
    """The files that `pack` packed."""
    for member in tar.getmembers():
        content = tar.extractfile(member)
        file = directory / member.name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.read() if content else b'')


def _say(place: Place, said: bytes) -> None:
    """What a tool said, without the place where it ran."""
    text = said.decode(errors='replace').replace(f'{place.here}{os.sep}', '')
    if text.strip():
        sys.stderr.write(text if text.endswith('\n') else text + '\n')


def main(verb: str, arguments: list[str]) -> int:
    """Run one action; the exit code."""
    with tempfile.TemporaryDirectory(prefix='emroot-') as directory:
        place = Place(Path(directory), debug=DEBUG in arguments)
        arguments = [a for a in arguments if a != DEBUG]
        if verb == 'compile':
            return compile_(place, 'emcc.py', arguments)
        if verb == 'compile++':
            return compile_(place, 'em++.py', arguments)
        if verb == 'archive':
            return archive(place, arguments)
        if verb == 'link':
            return link(place, arguments)
        if verb == 'strip':
            return strip(place, arguments)
    print(f'emroot: the toolchain does not {verb}', file=sys.stderr)
    return 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1], sys.argv[2:]))
