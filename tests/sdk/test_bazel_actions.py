"""What Bazel's library action runs, without Bazel: the bytes, and how its compiles are started."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from emroot.bazel import make
from emroot.bazel.fetch import recipe_document
from emroot.catalogue import Catalogue
from emroot.engine import forkserver
from emroot.engine.dynamic import needed_libraries
from emroot.engine.pool import Finished
from emroot.headers import installed_headers
from emroot.home import Home
from emroot.modes import Mode
from emroot.sdk import Sdk
from emroot.store import Store

#: What releases call it.
NAMES = ('libclang_rt.builtins', 'libcompiler_rt')


@pytest.fixture
def act(sdk: Sdk, catalogue: Catalogue, shared_home: Home, tmp_path: Path) -> Callable[[str], bytes]:
    """Makes a library of C with more than a hundred members, in an SDK that is laid out as its repository is."""
    place = tmp_path / 'sdk'
    (place / 'llvm' / 'bin').mkdir(parents=True)
    (place / 'emscripten').symlink_to(sdk.root)
    for tool in sdk.tools.values():
        (place / 'llvm' / 'bin' / tool.name).symlink_to(tool)
    said = {'tools': {name: tool.name for name, tool in sdk.tools.items()}, 'resource_dir': str(sdk.resource_dir), 'config': {}}
    (place / 'sdk.json').write_text(json.dumps(said), encoding='utf-8')
    target = next(name for name in NAMES if name in catalogue.listing(Mode()).libraries)
    recipe = tmp_path / 'recipe.json'
    recipe.write_text(json.dumps(recipe_document(catalogue.recipes(Mode(), [target])[target])), encoding='utf-8')
    with Store(shared_home.store) as store:
        headers = installed_headers(catalogue, store)

    def run(name: str) -> bytes:
        out = tmp_path / name
        assert make.main(['source', '--sdk', str(place / 'sdk.json'), '--headers', str(headers), '--recipe', str(recipe),
                          '--target', target, '--jobs', '2', '--out', str(out), '--log', str(tmp_path / 'log')]) == 0
        return out.read_bytes()
    return run


def test_forked_compiles_give_the_same_bytes(act: Callable[[str], bytes], sdk: Sdk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library's compiles are forked from a loaded compiler where that is to be had."""
    forked: list[Finished | None] = []
    run = forkserver.ForkServer.run

    def counted(self: forkserver.ForkServer, command: list[str], cwd: Path) -> Finished | None:
        forked.append(run(self, command, cwd))
        return forked[-1]
    monkeypatch.setattr(forkserver.ForkServer, 'run', counted)
    archive = act('forked.a')
    shared = any('LLVM' in name for name in needed_libraries(sdk.tools['clang']))
    assert bool(forked) == shared and None not in forked  # the first ones are not, while it is loaded

    forked.clear()
    monkeypatch.setenv('EMROOT_FORK', '0')
    assert act('plain.a') == archive
    assert forked == []
