"""Hints for an action that lacks libraries or ports. emcc is asked about the whole link, so one attempt names all of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import LINK_NEEDS
from ...modes import FEATURES, mode_of_directory

RESOLVE = Path(__file__).absolute().parents[2] / 'probe' / 'resolve_program.py'
#: What emcc says when a cache that is frozen lacks something.
FROZEN = 'FROZEN_CACHE'
#: Options that compiles have to be told, too, and features that tell both.
_FEATURES = {
    '-pthread': 'use_pthreads', '-sUSE_PTHREADS': 'use_pthreads', '-sPTHREADS': 'use_pthreads',
    '-sWASM_WORKERS': 'wasm_workers', '-fexceptions': 'exceptions', '-sDISABLE_EXCEPTION_CATCHING=0': 'exceptions',
    '-fwasm-exceptions': 'wasm_exceptions', '-fsanitize=address': 'wasm_asan', '-fsanitize=undefined': 'wasm_ubsan',
}
#: Options of which `options.bzl` knows what they mean, where analysis sees them.
_UNDERSTOOD = re.compile(r'-O[0-3sz]?|--bind|-l(embind|fetch|wasmfs)|-s(MALLOC=e?m(im)?malloc|M(AX|IN)_WEBGL_VERSION=2|'
                         r'(ASSERTIONS|EXIT_RUNTIME|FETCH|WASMFS|STANDALONE_WASM|FULL_ES3|PRINTF_LONG_DOUBLE|PROXY_TO_PTHREAD|'
                         r'DEFAULT_TO_CXX)(=\d)?)')


def ask(root: Path, env: Mapping[str, str], scratch: Path, argv: Sequence[str]) -> dict[str, Any]:
    """The answer of `resolve_program.py` for a link; empty if emcc refuses the link or does not answer."""
    request, answer = scratch / 'resolve.json', scratch / 'resolved.json'
    asked = {'root': str(root), 'argv': list(argv), 'cwd': str(Path.cwd()), 'ports': None}
    request.write_text(json.dumps(asked), encoding='utf-8')
    subprocess.run([sys.executable, '-I', '-B', str(RESOLVE), str(request), str(answer)], env=dict(env), stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    try:
        found: dict[str, Any] = json.loads(answer.read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return {}
    return {} if 'rejected' in found else found


def advice(needs: Mapping[str, Any], given: Collection[str], options: Sequence[str], *, makes: bool = False) -> str | None:
    """Hints for a failed link. `needs`: from `ask`; `given`: paths in its cache; `options`: those that no feature told; `makes`:
    whether it would make the libraries that it lacks."""
    if not needs:
        return None
    directories = {path.rpartition('/')[0] for path in given if path.endswith(('.a', '.o'))}
    parts, libraries = _parts(needs['directory']), [target for target, path in needs['libraries'] if path not in given]
    found = [_ports(needs['ports'], parts)] if lacks_ports(needs, given) else []
    if libraries and directories and needs['directory'] not in directories:
        found.insert(0, _other_mode(parts, _parts(min(directories))))
    elif libraries and not makes:
        found.insert(0, _libraries(libraries, parts, options))
    return ''.join(found) or None


def lacks_ports(needs: Mapping[str, Any], given: Collection[str]) -> bool:
    """Whether a link lacks ports; unlike libraries, a link cannot make them."""
    return bool(needs and needs['ports'] and (any(path not in given for path in needs['port_files']) or needs['unfetched']))


def share(needed: str, targets: Sequence[str], chosen: str) -> str:
    """How to have all links share libraries of the directory `needed`, which one link made by itself. `chosen` is the directory
    of the libraries that it was given, if that is another."""
    parts = _parts(needed)
    if not chosen:
        return f'to have them made once for all links, add to MODULE.bazel: {_tag(parts, targets)}'
    return f'to have them made once for all links, say the mode to Bazel: {"; ".join(_ways(parts, _parts(chosen)))}'


def port_options(arguments: Sequence[str]) -> list[str]:
    """Options that ask for ports."""
    return [a for a in _joined(arguments)
            if re.match(r'--use-port=|-sUSE_(?!PTHREADS|WEBGPU)[A-Z0-9_]+|-lSDL2_mixer', a) and not a.endswith('=0')]


def _joined(options: Sequence[str]) -> list[str]:
    """Options, with `-s` or `--use-port` and what follows it as one word."""
    text = re.sub(r'^(-s)\n|^(--use-port)\n', lambda m: m[1] or f'{m[2]}=', '\n'.join(options), flags=re.MULTILINE)
    return text.split('\n')


def _parts(directory: str) -> list[str]:
    """`['wasm64', 'lto', 'pic']` of `sysroot/lib/wasm64-emscripten/lto-pic`."""
    mode = mode_of_directory(directory)
    return mode.features if mode else [directory]


def _other_mode(needed: Sequence[str], chosen: Sequence[str]) -> str:
    hints = _ways(needed, chosen)
    return (f'emroot: the options of this link are of mode {"-".join(needed)}, and its libraries were chosen for mode '
            f'{"-".join(chosen)}: such options have to be said to wasm_cc_binary (`linkopts`) or to Bazel.\n'
            + ''.join(f'  hint: {hint}\n' for hint in hints))


def _ways(needed: Sequence[str], chosen: Sequence[str]) -> list[str]:
    """How Bazel is told of a mode where another was chosen."""
    wanting = [hint for part in needed if part not in chosen and part in FEATURES and (hint := FEATURES[part][1].in_bazel)]
    return wanting or ['remove the option of the link that leaves that mode']


def _libraries(targets: Sequence[str], parts: Sequence[str], options: Sequence[str]) -> str:
    features = dict.fromkeys(_FEATURES[word] for option in _joined(options) if (word := option.removesuffix('=1')) in _FEATURES)
    understood = list(dict.fromkeys(option for option in _joined(options) if _UNDERSTOOD.fullmatch(option)))
    hints = [f'--features={feature}' for feature in features]
    if understood and not features:
        hints.append(f'give {", ".join(understood)} to wasm_cc_binary (`linkopts = [...]`), or to all links (--linkopt), '
                     'not to one cc_binary')
    hints.append(('or ' if hints else '') + f'add to MODULE.bazel: {_tag(parts, targets)}')
    needs = LINK_NEEDS.format(mode='-'.join(parts), targets=', '.join(targets))
    return f'emroot: {needs}\n' + ''.join(f'  hint: {hint}\n' for hint in hints)


def _ports(ports: Sequence[str], parts: Sequence[str]) -> str:
    deps = ', '.join(f'"@emscripten_cache//ports:{port.replace(":", "+")}"' for port in ports)  # `port_repository.bzl: as_name`
    return (f'emroot: this needs {"the port" if len(ports) == 1 else "the ports"} {", ".join(ports)}, which '
            f'{"is" if len(ports) == 1 else "are"} not among its dependencies.\n'
            f'  hint: add to MODULE.bazel: {_tag(parts, ports)}\n'
            f'  hint: and to the cc_library or cc_binary that uses it: deps = [{deps}]\n')


def _tag(parts: Sequence[str], targets: Sequence[str]) -> str:
    """The line that declares targets of a mode."""
    listed = [', '.join(f'"{word}"' for word in words) for words in (parts, ['auto', *targets])]
    return f'emscripten_deps.cache(features = [{listed[0]}], targets = [{listed[1]}])'
