"""What Bazel runs when it fetches a repository: looks at an SDK, or asks it what a mode has to offer.

    python repository_fetch.py sdk REQUEST.json OUT      identify the SDK, write OUT/sdk.json; have it install its headers
    python repository_fetch.py mode REQUEST.json OUT     write OUT/mode.json, OUT/reads.json and OUT/recipes/TARGET.json
    python repository_fetch.py ports REQUEST.json OUT    write OUT/ports.json: where the sources of ports come from

The rules turn the JSON into labels. Whatever is wrong with a request is said in one line on standard error, with the
exit code that the command line would have.
"""

from __future__ import annotations

import base64
import filecmp
import itertools
import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).absolute().parents[2]))

from emroot.bazel.include_scanner import IncludeScanner, Numbers  # the line above makes the package importable
from emroot.bazel.sdk_layout import RESOURCE_PREFIX
from emroot.cache_directory.sysroot_headers import ensure_headers
from emroot.engine.command_lines.placeholders import SDK_PREFIX
from emroot.errors import EmrootError, SdkError
from emroot.host.copying import link_or_copy
from emroot.host.home import Home, find_home
from emroot.libraries.catalogue import Catalogue, Listing, Recipe
from emroot.modes import Mode, parse_features
from emroot.probe import ask, pure_environment
from emroot.sdk import Sdk, find_sdk
from emroot.store import Store

LINKS = Path(__file__).with_name('link_queries.py')
PORTS = Path(__file__).with_name('port_queries.py')
SDK_HINT = ('name one in MODULE.bazel, with emscripten_deps.sdk(path = "...") or emscripten_deps.sdk(emscripten_version = '
            '"..."), or with --repo_env=EMSDK=/path/to/emsdk')
#: Compiles of C++ take about this many times as long as those of C.
_CPP_WEIGHT = 20


def write(path: Path, document: object) -> None:
    """A JSON document, the same bytes for the same content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=None, sort_keys=True, separators=(',', ':')) + '\n', encoding='utf-8')


# --- the SDK ---------------------------------------------------------------------------------------------------------

def fetch_sdk(request: dict[str, Any], out: Path, home: Home) -> None:
    """Identify an SDK: where its parts lie, for the repository to link, and what is to be known at build time."""
    if not request['local']:
        configure_release(Path(request['path']), out, request['node'])
    sdk = find_sdk(home, request['path'] or None)
    node = sdk.node[0] if sdk.node else ''
    with Store(home.store) as store:
        lay_out_headers(ensure_headers(Catalogue(sdk, home), store), sdk.root, out / 'headers')
    config = dict(line.split(' = ', 1) for line in sdk.config_text.splitlines())
    prebuilt = sorted(p.relative_to(sdk.root / 'cache').as_posix()
                      for p in (sdk.root / 'cache' / 'sysroot' / 'lib').rglob('*') if p.suffix in ('.a', '.o'))
    # Where the SDK and clang's own headers lie, as the bytes shall say: of a local SDK the truth, as its embuilder has it.
    said_root = str(sdk.root) if request['local'] else SDK_PREFIX
    resource_dir = str(sdk.resource_dir) if request['local'] else f'{RESOURCE_PREFIX}/{sdk.resource_dir.name}'
    tools = {name: os.path.basename(path) for name, path in sdk.tools.items()}
    # An input of every action: of a release, it must not tell where this machine has it.
    write(out / 'sdk.json', {
        'version': sdk.version, 'root': said_root, 'resource_dir': resource_dir,
        'tools': tools, 'node': os.path.basename(node),
        'config': {name: config[name].strip("'\"") for name in ('LLVM_ADD_VERSION', 'CLANG_ADD_VERSION') if name in config},
    })
    (out / 'resource_dir').write_text(resource_dir, encoding='utf-8')
    # What links need to make objects by themselves (`lazy_link_action.py`).
    write(out / 'identity.json', {
        'digest': sdk.digest, 'parts': dict(sdk.parts), 'llvm_version': sdk.llvm_version, 'expected_llvm': sdk.expected_llvm,
        'node_version': sdk.node_version,
    })
    write(out / 'where.json', {
        'config': os.environ.get('EM_CONFIG', '') if not request['local'] else '',
        'root': str(sdk.root), 'llvm': str(sdk.llvm_root), 'binaryen': str(sdk.binaryen_root), 'node': node,
        'resource_dir': str(sdk.resource_dir), 'resource_version': sdk.resource_dir.name, 'prebuilt': prebuilt,
        'version': sdk.version, 'digest': sdk.digest, 'tools': tools, 'doubt': sdk.doubt,
    })


def lay_out_headers(installed: Path, root: Path, out: Path) -> None:
    """Headers as the SDK installs them, each a link to what it was copied from, if that can be told, so that Bazel notices when
    that is changed: the file of the same name and content in the SDK whose path ends most alike."""
    sources: dict[str, list[Path]] = {}
    for folder, _, names in os.walk(root / 'system'):
        for name in names:
            sources.setdefault(name, []).append(Path(folder, name))
    for folder, _, names in os.walk(installed):
        here = out / Path(folder).relative_to(installed)
        here.mkdir(parents=True, exist_ok=True)
        for name in names:
            header = Path(folder, name)
            same = [source for source in sources.get(name, ()) if filecmp.cmp(source, header, shallow=False)]
            try:
                (here / name).symlink_to(max(same, key=lambda source: (_ends_alike(source, header), source)))
            except (ValueError, OSError):  # it was made, or there are no links for this user
                link_or_copy(header, here / name)


def _ends_alike(one: Path, other: Path) -> int:
    """How many parts of two paths are the same, from their ends."""
    pairs = zip(reversed(one.parts), reversed(other.parts), strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def configure_release(directory: Path, out: Path, node: str) -> None:
    """Tell emcc where the parts of an unpacked release lie: it comes without a configuration."""
    home = out / 'home'
    home.mkdir(parents=True, exist_ok=True)
    config = home / 'release.config'
    config.write_text(f'LLVM_ROOT = {str(directory / "bin")!r}\nBINARYEN_ROOT = {str(directory)!r}\n'
                      f'NODE_JS = {node or "node"!r}\n',
                      encoding='utf-8')
    os.environ['EM_CONFIG'] = str(config)


# --- a mode ----------------------------------------------------------------------------------------------------------

def combinations(dimensions: Sequence[Sequence[Any]], excluded: Iterable[Sequence[Sequence[str]]]) -> list[dict[str, str]]:
    """Every choice of one value per dimension, but for those that hold an excluded pair."""
    pairs = [tuple(tuple(item) for item in pair) for pair in excluded]
    found = []
    for values in itertools.product(*(choices for _, choices in dimensions)):
        chosen = dict(zip((name for name, _ in dimensions), values, strict=True))
        if not any(all(chosen.get(name) == value for name, value in pair) for pair in pairs):
            found.append(chosen)
    return found


def key(chosen: dict[str, str]) -> str:
    """The name of a combination, as the rules spell it."""
    return ','.join(f'{name}={value}' for name, value in sorted(chosen.items()))


def linker(arguments: Sequence[str]) -> str:
    """Which of emcc and em++ links, as `emcc_wrapper.py` has it: em++ takes the C++ runtime in whatever it is told."""
    return 'emcc' if '-sDEFAULT_TO_CXX=0' in arguments else 'em++'


def link_table(catalogue: Catalogue, request: dict[str, Any]) -> tuple[dict[str, list[str]], dict[str, Any]]:
    """Targets of each combination of features, in link order; and what each further feature adds or takes away.

    A further feature is asked for on its own with every value of the dimensions that it depends on.
    """
    dimensions: list[list[Any]] = request['dimensions']
    flags = {(name, value): words for name, choices in dimensions for value, words in choices.items()}
    chosen = combinations(dimensions, request['excluded'])
    plain = {name: next(iter(choices)) for name, choices in dimensions}
    base = [*request['flags'], *request['always']]

    def words(choice: dict[str, str]) -> list[str]:
        own = [word for item in choice.items() for word in flags[item]]
        return [linker(own), 'main.o', *base, *own]
    asked = [words(choice) for choice in chosen]
    extras = []
    for name, extra in request['extras'].items():
        over = [[d, c] for d, c in dimensions if d in extra['depends_on']]
        extras += [(name, {**plain, **choice}, extra['flags']) for choice in combinations(over, [])]
    asked += [[*words(choice), *more] for _, choice, more in extras]
    sdk = catalogue.sdk
    answers = ask(sdk.python, sdk.root, 'links', catalogue.environment(), program=LINKS, links=asked)['links']
    found = [None if not a or 'rejected' in a else [target for target, _ in a['libraries']] for a in answers]
    if found[0] is None:
        said = (answers[0] or {}).get('rejected', 'it said nothing').strip()
        raise SdkError(f'emcc refuses even a plain link: {said}', hint='check the SDK with `emroot doctor`')
    table = {key(choice): targets for choice, targets in zip(chosen, found[:len(chosen)], strict=True) if targets is not None}
    differences: dict[str, Any] = {name: {} for name in request['extras']}
    for (name, choice, _), targets in zip(extras, found[len(chosen):], strict=True):
        before = table.get(key(choice))
        if targets is not None and before is not None:
            on = {d: choice[d] for d in request['extras'][name]['depends_on']}
            differences[name][key(on)] = [[t for t in targets if t not in before], [t for t in before if t not in targets]]
    return table, differences


def fetch_mode(request: dict[str, Any], out: Path, home: Home) -> None:
    """Ask for a mode: its libraries, which of them a link needs, and recipes for those."""
    if request['config']:
        os.environ['EM_CONFIG'] = request['config']  # of a release, as `fetch_sdk` wrote it
    sdk = find_sdk(home, request['root'])
    catalogue = Catalogue(sdk, home)
    mode = parse_features(request['features'])
    listing = catalogue.listing(mode)
    owned, builders, builder = expand(listing, request['caches'])
    declared = list(dict.fromkeys(t for targets in owned.values() for t in targets))
    table, extras = link_table(catalogue, request)
    linked = dict.fromkeys(t for targets in table.values() for t in targets)
    linked.update(dict.fromkeys(t for found in extras.values() for added, _ in found.values() for t in added))
    asked = {t: library for t in [*linked, *declared] if (library := listing.library(t))}
    libraries = {**listing.libraries, **asked}
    shipped = {t for t, lib in libraries.items() if (sdk.root / 'cache' / lib.path).is_file()}
    wanted = [t for t in asked if t not in shipped]
    recipes = {t: r for t, r in catalogue.recipes(mode, wanted).items() if r.how in ('archive', 'copy')}
    for target, recipe in recipes.items():
        write(out / 'recipes' / f'{target}.json', recipe_document(recipe))
    base = mode.without_lto
    theirs = catalogue.recipes(base, [t for t in linked if t in recipes]) if base != mode else {}
    read = reads(catalogue, Path(request['headers']), recipes, theirs)
    write(out / 'reads.json', read)
    ports = {t: item for t, item in declared_by(listing, request['caches']).items() if t not in asked}
    sets = sorted({tuple(targets) for targets in table.values()})
    numbers = {targets: number for number, targets in enumerate(sets)}
    write(out / 'mode.json', {
        'mode': mode.name, 'flags': mode.embuilder_flags, 'declared': owned[''], 'owned': owned, 'extras': extras,
        'sets': sets, 'table': {name: numbers[tuple(targets)] for name, targets in table.items()},
        'libraries': {t: [lib.path, weight(sdk, recipes.get(t), lib.objects)] for t, lib in libraries.items()},
        'recipes': sorted(recipes), 'shipped': sorted(shipped), 'base': base.name,
        'shared': {t: 'all' if len(said['shared']) == len(said['objects']) else 'some'
                   for t, said in read['targets'].items() if said['shared']},
        'ports': ports,
        'builder': builder, 'builders': builders,
    })


def expand(listing: Listing, caches: Sequence[Mapping[str, Any]]) -> tuple[dict[str, list[str]], dict[str, str], str]:
    """Targets by exact name of each owner (a module's name; the root module's is empty), the builder of each, and the
    builder of all others. `auto` stands for whatever links need. The root module comes first, and has its way."""
    owned: dict[str, list[str]] = {'': []}
    builders: dict[str, str] = {}
    others = 'source'
    for cache in caches:
        owner, builder = cache['owner'], cache['builder']
        if 'auto' in cache['targets'] and not owner:
            others = builder
        found = listing.expand([t for t in cache['targets'] if t != 'auto'])
        owned.setdefault(owner, []).extend(found)
        builders = {**dict.fromkeys(found, builder), **builders} if owner else {**builders, **dict.fromkeys(found, builder)}
    return owned, builders, others


def declared_by(listing: Listing, caches: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What brought each declared target: its own name, or else a pattern or group."""
    items = dict.fromkeys(t for cache in caches for t in cache['targets'] if t != 'auto')
    found = {target: item for item in items for target in listing.expand([item])}
    return {target: target if target in items else item for target, item in found.items()}


def fetch_ports(request: dict[str, Any], out: Path, home: Home) -> None:
    """Say where the sources of ports come from: `[port, address, integrity]`, ports they depend on included."""
    if request['config']:
        os.environ['EM_CONFIG'] = request['config']
    sdk = find_sdk(home, request['root'])
    catalogue = Catalogue(sdk, home)
    listing = catalogue.listing(Mode())
    ports = [t for t in listing.expand(request['targets']) if not listing.library(t)]
    answer = ask(sdk.python, sdk.root, 'ports', catalogue.environment(), program=PORTS, ports=ports) if ports else {'ports': []}
    write(out / 'ports.json', [[port, url, integrity(sha512)] for port, url, sha512 in answer['ports']])


def integrity(sha512: str) -> str:
    """A hexadecimal digest as Bazel takes it; by that it finds a download in its repository cache."""
    return f'sha512-{base64.b64encode(bytes.fromhex(sha512)).decode()}' if len(sha512) == 128 else ''


def weight(sdk: Sdk, recipe: Recipe | None, objects: int) -> int:
    """About how much work a library is, in compiles of C."""
    if recipe is None:
        return objects
    return sum(_CPP_WEIGHT if member.argv[0] == 'clang++' else 1 for member in recipe.members)


def recipe_document(recipe: Recipe) -> dict[str, Any]:
    """A recipe as `library_builder.py` reads it: each distinct command once."""
    commands = list(dict.fromkeys(member.argv for member in recipe.members))
    numbers = {argv: number for number, argv in enumerate(commands)}
    return {'how': recipe.how, 'commands': commands,
            'objects': [[m.source, m.name, numbers[m.argv]] for m in recipe.members]}


def reads(catalogue: Catalogue, headers: Path, recipes: Mapping[str, Recipe], theirs: Mapping[str, Recipe]) -> dict[str, Any]:
    """What the compiles of a mode read, and which of them are those of the mode without LTO (`theirs`). `headers` are the SDK's,
    as it installed them.

    `{"files": [paths in the SDK's repository], "sets": [[numbers of files]], "targets": {name: {"all": number of the set of all
    sources, "sources": [number of the set of each member's], "headers": [number of the set of each member's installed headers
    and clang's own], "shared": [numbers of members], ...as `recipe_document`}}}`. Many members have the same headers, hence two
    sets. Some libraries ignore LTO, and libc's lowest parts do: those are made once for all kinds.
    """
    includes, numbers = IncludeScanner(catalogue.sdk, headers), Numbers()
    targets = {}
    for target, recipe in recipes.items():
        each = [divide(includes.closure(member)) for member in recipe.members]
        known = {(m.name, m.source, m.argv) for m in theirs[target].members} if target in theirs else set()
        targets[target] = {**recipe_document(recipe),
                           'all': numbers.of(sorted({path for sources, _ in each for path in sources})),
                           'sources': [numbers.of(sources) for sources, _ in each], 'headers': [numbers.of(h) for _, h in each],
                           'shared': [n for n, m in enumerate(recipe.members) if (m.name, m.source, m.argv) in known]}
    return {'files': numbers.files, 'sets': numbers.sets, 'targets': targets}


def divide(closure: Sequence[str]) -> tuple[list[str], list[str]]:
    """What of a closure is the SDK's sources, and what is installed headers and clang's own."""
    sources = [path for path in closure if path.startswith('emscripten/')]
    return sources, [path for path in closure if not path.startswith('emscripten/')]


def forget_the_shell() -> None:
    """Take out of the environment what the shell in which Bazel happens to fetch tells emcc, clang or emroot: Bazel does not know
    that a repository depends on it. What does count is read by the rules, and is in the request."""
    pure = pure_environment()
    for name in list(os.environ):
        if name not in pure or name.startswith(('EMROOT_', 'EMSDK')) or name == 'EMSCRIPTEN_ROOT':
            del os.environ[name]


def main(verb: str, request_file: str, out: str) -> int:
    """Fetch; the exit code."""
    forget_the_shell()
    request = json.loads(Path(request_file).read_text(encoding='utf-8'))
    home = find_home(request['home'])
    if seed := request.get('seed'):
        shutil.copytree(seed, home.root, dirs_exist_ok=True, ignore=shutil.ignore_patterns('store'))
    try:
        {'sdk': fetch_sdk, 'mode': fetch_mode, 'ports': fetch_ports}[verb](request, Path(out), home)
    except EmrootError as error:
        print(message_for_bazel(error), file=sys.stderr)
        return error.exit_code
    return 0


def message_for_bazel(error: EmrootError) -> str:
    """An error whose hint is about the command line, in the words of a MODULE.bazel."""
    if isinstance(error, SdkError):
        what = error.message.replace('--sdk ', '').partition(' (looked at')[0]
        return f'{what}\n  hint: {SDK_HINT}'
    return str(error)


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
