"""What one machine built another takes: from a plain web server, from a disk cache, and from another configuration."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.releases import ANOTHERS, make_release, repository
from support.servers import Nginx, nginx
from support.workspace import DECLARED, EVERYWHERE, OBJECTS, Workspace, module_file

from emroot.sdk import Sdk

pytestmark = pytest.mark.slow
TAGS = (ANOTHERS, 'cache(features = ["wasm64", "lto"], targets = ["libal", "crt1", "libnoexit", "libembind-rtti"])')
#: As of a build that says something else to the compilers of its tools: their outputs lie in another directory.
ANOTHER_CONFIGURATION = '--host_copt=-DOTHER'
STRIPPED = '--experimental_output_paths=strip'


@dataclass
class Shared:
    """Caches that a first machine has filled, and what it built."""

    web: Nginx
    disk: Path
    archives: dict[str, str]
    other: Workspace

    @property
    def from_web(self) -> str:
        """The flag for the one."""
        return f'--remote_cache={self.web.url}'

    @property
    def from_disk(self) -> str:
        """The flag for the other."""
        return f'--disk_cache={self.disk}'

    def took(self, *flags: str) -> set[str]:
        """How the second machine came by what it has not yet."""
        self.other.run('clean')
        return {s['runner'] for s in self.other.build(*flags, DECLARED) if s['mnemonic'].startswith('Emscripten')}


@pytest.fixture(scope='module')
def shared(open_bazel: Callable[..., Workspace], checkout: Path, bazel_sdk: Sdk,
           tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """The first machine is an output base, the second another, both with a release: it lies in another location for each."""
    directory = tmp_path_factory.mktemp('caches')
    release = make_release(bazel_sdk, directory / 'release')
    module = module_file(*TAGS, more=repository(release)).replace('{emroot}', str(checkout))
    workspace, disk = directory / 'workspace', directory / 'disk'
    workspace.mkdir()
    disk.mkdir()
    for name, text in {**EVERYWHERE, 'MODULE.bazel': module}.items():
        (workspace / name).write_text(text, encoding='utf-8')

    def machine(name: str) -> Workspace:
        return open_bazel(workspace, output_base=directory / name, disk_cache=False, reads=[release], writes=[disk],
                          network=True)
    with nginx(directory / 'web', writes=True) as web:
        first = machine('first')
        with first.bazel:
            # One after the other: what the one has would not be asked of the other.
            for cache in (f'--remote_cache={web.url}', f'--disk_cache={disk}', f'--disk_cache={disk} {STRIPPED}'):
                first.run('clean')
                first.build(*cache.split(), DECLARED)
            archives = first.archives()
        other = machine('another')
        with other.bazel:
            yield Shared(web, disk, archives, other)


def test_all_comes_from_a_plain_web_server(shared: Shared) -> None:
    before = len(shared.web.asked())
    assert shared.took(shared.from_web) == {'remote cache hit'}
    assert shared.other.archives() == shared.archives
    asked = shared.web.asked()[before:]
    assert asked
    assert {method for method, _, _ in asked} == {'GET'}


def test_all_comes_from_a_warm_disk_cache(shared: Shared) -> None:
    assert shared.took(shared.from_disk) == {'disk cache hit'}
    assert shared.other.archives() == shared.archives


def test_stripped_paths_let_configurations_share(shared: Shared) -> None:
    assert 'linux-sandbox' in shared.took(ANOTHER_CONFIGURATION), 'it is another configuration'
    assert shared.took(shared.from_disk, STRIPPED, ANOTHER_CONFIGURATION) == {'disk cache hit'}
    assert shared.other.archives(STRIPPED, ANOTHER_CONFIGURATION) == shared.archives


def test_stripped_paths_change_no_bytes_of_objects(shared: Shared) -> None:
    assert shared.took(STRIPPED, OBJECTS) == {'linux-sandbox'}
    assert shared.other.archives(STRIPPED, OBJECTS) == shared.archives


#: Programs with source maps, and none of the libraries: those are the first machine's above.
OWN = ('-c', 'opt', '--features=source_maps', '--@emroot//bazel:granularity=lazy', STRIPPED,
       '--modify_execution_info=CppCompile=+supports-path-mapping')


@pytest.mark.parametrize('name', ['hello', 'modes', 'modules', 'threads', 'embind', 'dependency'])
def test_compiles_and_links_of_examples_are_hits_in_another_output_base(open_bazel: Callable[..., Workspace], checkout: Path,
                                                                       tmp_path: Path, name: str) -> None:
    """And what it makes by itself is the same, with source maps in it."""
    def built(workspace: Workspace, *options: str) -> tuple[set[str], dict[str, str]]:
        spawns = [spawn for spawn in workspace.build(*OWN, *options, '//...') if spawn['mnemonic'] in ('CppCompile', 'CppLink')]
        assert {spawn['mnemonic'] for spawn in spawns} == {'CppCompile', 'CppLink'}
        return {spawn['runner'] for spawn in spawns}, {
            output['path']: output['digest']['hash'] for spawn in spawns for output in spawn['actualOutputs']}
    first, second = (open_bazel(checkout / 'examples/bazel' / name, output_base=tmp_path / base, disk_cache=False, network=True)
                     for base in ('first', 'second'))
    with nginx(tmp_path / 'web', writes=True) as web:
        cache = f'--remote_cache={web.url}'
        with first.bazel:
            made, outputs = built(first, cache)
            root = Path(first.run('info', 'execution_root', options=False).stdout.strip())
            maps = [sources for path in outputs for sources in source_maps(root / path)]
        with second.bazel:
            taken, same = built(second, cache)
            second.run('clean')
            made_again, again = built(second)
    assert made == made_again == {'linux-sandbox'}
    assert taken == {'remote cache hit'}
    assert outputs == same == again
    assert maps
    assert not [name for sources in maps for name in sources if re.match(r'\.\.|/(?!emsdk/)', name)], 'of this machine'


def source_maps(packed: Path) -> list[list[str]]:
    """The sources that each source map names in what a link left."""
    if not tarfile.is_tarfile(packed):
        return []
    with tarfile.open(packed) as tar:
        files = [tar.extractfile(member) for member in tar.getmembers() if member.name.endswith('.wasm.map')]
        return [json.loads(file.read())['sources'] for file in files if file]


def test_paths_of_links_are_not_mapped_by_this_bazel(scratch: Callable[..., Workspace]) -> None:
    """Without emroot: a program for the machine itself."""
    workspace = scratch({'MODULE.bazel': 'bazel_dep(name = "rules_cc", version = "0.0.17")\n',
                         'a.c': 'int main(void) { return 0; }\n', 'BUILD.bazel': '''
load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
cc_binary(name = "a", srcs = ["a.c"])
'''})
    mapped = ('--modify_execution_info=CppCompile=+supports-path-mapping,CppLink=+supports-path-mapping', STRIPPED)
    spawns = {spawn['mnemonic']: ' '.join(spawn['commandArgs']) for spawn in workspace.build(*mapped, '//:a')}
    assert 'bazel-out/cfg/' in spawns['CppCompile']
    assert 'bazel-out/cfg/' not in spawns['CppLink']
