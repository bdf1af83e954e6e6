"""`sdk install --from emsdk`, against a local server with an archive of the official layout."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.http_server import Server, serving

from emroot.errors import SdkError, UsageError
from emroot.hashing import digest_bytes
from emroot.host.home import Home
from emroot.sdk import installation as installing
from emroot.sdk.discovery import installed_sdks
from emroot.sdk.installation import install
from emroot.sdk.providers import emsdk

FILES = {'emscripten/emcc.py': '', 'emscripten/emscripten-version.txt': '"9.9.2"\n', 'bin/clang': '#!/bin/sh\n',
         'lib/clang/21/include/stddef.h': '/* */'}
HASH = 'abc123'


def archive(files: dict[str, str], top: str = 'install') -> bytes:
    """What the official site would serve to this platform."""
    data = io.BytesIO()
    if sys.platform == 'win32':
        with zipfile.ZipFile(data, 'w') as f:
            for name, text in files.items():
                f.writestr(f'{top}/{name}', text)
        return data.getvalue()
    with tarfile.open(fileobj=data, mode='w:xz') as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(f'{top}/{name}')
            info.size, info.mode = len(text), 0o755
            tar.addfile(info, io.BytesIO(text.encode()))
    return data.getvalue()


@pytest.fixture(autouse=True)
def no_node(monkeypatch: pytest.MonkeyPatch) -> None:
    """Node is another test's business."""
    monkeypatch.setattr(installing, 'ensure_node', lambda home, **_: home.root / 'node' / 'node')


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A mirror with release 9.9.2, known to emroot beside 9.9.1 and 8.0.0."""
    content = archive(FILES)
    every = ('linux', 'linux-arm64', 'mac', 'mac-arm64', 'win')
    release = {'hash': HASH, **dict.fromkeys(every, digest_bytes(content))}
    releases = {'9.9.2': release, '9.9.1': {**release, 'hash': 'older'}, '8.0.0': {'hash': 'none'}}
    monkeypatch.setattr(emsdk, 'known_releases', lambda: releases)
    with serving({}) as server:
        monkeypatch.setenv('EMROOT_EMSDK_URL', f'{server.url}/builds/')
        url, _ = emsdk.EmsdkProvider(Path('unused'))._archive('9.9.2')
        server.files[url.removeprefix(server.url)] = content
        yield server


def visible(home: Home) -> list[str]:
    """What lies among the installed SDKs, hidden or not."""
    return sorted(p.name for p in home.sdks.iterdir()) if home.sdks.exists() else []


def test_an_sdk_behind_a_link_finds_its_tools_where_they_are(home: Home, site: Server, tmp_path: Path) -> None:
    root = install(home, source='emsdk', version='9.9.2')
    (tmp_path / 'link').symlink_to(root)
    found: dict[str, object] = {'__file__': str(tmp_path / 'link/.emscripten')}
    exec((root / '.emscripten').read_text(), found)  # noqa: S102 (as emcc does)
    assert found['LLVM_ROOT'] == str(root.parent / 'bin')


def test_the_newest_release_is_installed_where_find_sdk_looks(site: Server, home: Home) -> None:
    root = install(home, source='emsdk')
    assert root == home.sdks / '9.9.2' / 'emscripten'
    assert installed_sdks(home) == [root]
    assert (home.sdks / '9.9.2/lib/clang/21/include/stddef.h').is_file()
    assert visible(home) == ['9.9.2']
    assert json.loads((home.sdks / '9.9.2/emroot-sdk.json').read_text()) == {
        'provider': 'emsdk', 'version': '9.9.2', 'packages': {}, 'pristine': {}}
    assert list((home.root / 'downloads/emsdk').iterdir()) == [], 'the archive is not needed any more'


def test_the_configuration_names_the_tools_wherever_it_lies(site: Server, home: Home, tmp_path: Path) -> None:
    install(home, source='emsdk')
    moved = tmp_path / 'elsewhere'
    os.rename(home.sdks / '9.9.2', moved)
    config = moved / 'emscripten/.emscripten'
    for names in ({'__file__': str(config)}, {}):
        os.environ['EM_CONFIG'] = str(config)
        try:
            exec(config.read_text(), names)  # noqa: S102 (as emcc does)
        finally:
            del os.environ['EM_CONFIG']
        assert names['LLVM_ROOT'] == str(moved / 'bin')
        assert names['BINARYEN_ROOT'] == str(moved)
        assert names['NODE_JS'] == str(home.root / 'node/node')
        assert 'CACHE' not in names and 'FROZEN_CACHE' not in names


@pytest.mark.parametrize('version', ['9.9.2', '9.9', '9', 'latest', None])
def test_a_version_may_be_the_start_of_one(site: Server, home: Home, version: str | None) -> None:
    assert install(home, source='emsdk', version=version).parent.name == '9.9.2'


@pytest.mark.parametrize('version', ['9.9.2', '9', None])
def test_what_is_installed_is_found_without_the_network(site: Server, home: Home, version: str | None) -> None:
    root = install(home, source='emsdk', version=version)
    site.requests.clear()
    said: list[str] = []
    for source in ('auto', 'emsdk') if version else ('emsdk',):
        assert install(home, source=source, version=version, report=lambda what, *_: said.append(what)) == root
        assert said == [f'already installed: {root}'], 'and it says so'
        said.clear()
    assert site.requests == []


def test_a_destination_of_the_users_own(site: Server, home: Home, tmp_path: Path) -> None:
    for _ in range(2):
        assert install(home, source='emsdk', dest=tmp_path / 'my sdk') == tmp_path / 'my sdk' / 'emscripten'
    assert visible(home) == []
    assert [p.name for p in tmp_path.iterdir() if p != home.root] == ['my sdk']


def test_a_destination_that_holds_something_else_is_left_alone(site: Server, home: Home, tmp_path: Path) -> None:
    (tmp_path / 'full').mkdir()
    (tmp_path / 'full/mine.txt').write_text('mine')
    with pytest.raises(SdkError, match='contains files that emroot did not install') as raised:
        install(home, source='emsdk', dest=tmp_path / 'full')
    assert '--dest' in raised.value.hint
    assert [p.name for p in (tmp_path / 'full').iterdir()] == ['mine.txt']


def test_an_unknown_version_names_those_that_are_known(site: Server, home: Home) -> None:
    with pytest.raises(SdkError, match=r'unknown official release 7; emroot knows 8\.0\.0 to 9\.9\.2'):
        install(home, source='emsdk', version='7')


def test_a_platform_without_a_release_is_named(site: Server, home: Home) -> None:
    with pytest.raises(SdkError, match=r'no official release 8\.0\.0 for') as raised:
        install(home, source='emsdk', version='8.0.0')
    assert '--from debian' in raised.value.hint


def test_a_changed_archive_is_refused_and_leaves_nothing(site: Server, home: Home) -> None:
    for path in site.files:
        site.files[path] = archive({**FILES, 'bin/clang': 'evil'})
    with pytest.raises(SdkError, match='has the wrong content'):
        install(home, source='emsdk')
    assert visible(home) == []
    assert list((home.root / 'downloads/emsdk').iterdir()) == []


@pytest.mark.parametrize('missing', ['emscripten/emcc.py', 'emscripten/emscripten-version.txt', 'bin/clang'])
def test_what_lacks_a_part_of_an_sdk_is_not_installed(site: Server, home: Home, monkeypatch: pytest.MonkeyPatch,
                                                      missing: str) -> None:
    for path in site.files:
        site.files[path] = archive({name: text for name, text in FILES.items() if name != missing})
        sha256 = digest_bytes(site.files[path])
    monkeypatch.setattr(emsdk, 'known_releases', lambda: {'9.9.2': {
        'hash': HASH, **dict.fromkeys(('linux', 'linux-arm64', 'mac', 'mac-arm64', 'win'), sha256)}})
    with pytest.raises(SdkError, match=missing.replace('.', r'\.')) as raised:
        install(home, source='emsdk')
    assert '--version' in raised.value.hint and visible(home) == []


def test_an_archive_of_another_layout_is_refused(site: Server, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in site.files:
        site.files[path] = archive(FILES, top='other')
        sha256 = digest_bytes(site.files[path])
    monkeypatch.setattr(emsdk, 'known_releases', lambda: {'9.9.2': {
        'hash': HASH, **dict.fromkeys(('linux', 'linux-arm64', 'mac', 'mac-arm64', 'win'), sha256)}})
    with pytest.raises(SdkError, match=r'has no install/emscripten/emcc\.py'):
        install(home, source='emsdk')
    assert visible(home) == []


def test_an_unknown_source_is_a_usage_error(home: Home) -> None:
    with pytest.raises(UsageError, match="unknown source of SDKs 'nix'"):
        install(home, source='nix')


def test_auto_takes_the_official_release_if_it_answers(site: Server, home: Home) -> None:
    assert json.loads((install(home).parent / 'emroot-sdk.json').read_text())['provider'] == 'emsdk'
    assert [r.method for r in site.requests] == ['HEAD', 'GET']


def test_auto_names_all_that_was_tried(site: Server, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    site.files.clear()
    monkeypatch.setenv('PATH', '')
    with pytest.raises(SdkError) as raised:
        install(home)
    assert 'emsdk: http://127.0.0.1' in raised.value.message
    assert '404' in raised.value.message
    assert 'debian: ' in raised.value.message
    assert '--sdk' in raised.value.hint


def test_installations_at_once_end_with_one_winner(site: Server, home: Home) -> None:
    roots: list[Path] = []
    threads = [threading.Thread(target=lambda: roots.append(install(home, source='emsdk'))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert roots == [home.sdks / '9.9.2/emscripten'] * 4
    assert visible(home) == ['9.9.2']


KILLED = '''
import os, sys
from pathlib import Path
from emroot.host.home import Home
from emroot.sdk import installation
from emroot.sdk.providers import emsdk
emsdk.known_releases = lambda: {releases!r}
def report(what, done, total):
    if what.startswith({moment!r}) and done >= 100:
        os._exit(9)
installation.install(Home(Path({home!r})), source='emsdk', report=report)
'''


@pytest.mark.parametrize('moment', ['downloading', 'unpacking'])
def test_a_killed_installation_leaves_nothing_that_looks_installed(
        site: Server, home: Home, moment: str) -> None:
    if moment == 'downloading':
        site.cut_after.append(100)
    program = KILLED.format(releases=emsdk.known_releases(), moment=moment, home=str(home.root))
    killed = subprocess.run([sys.executable, '-c', program], check=False, env={**os.environ, 'PYTHONPATH': 'src'})
    assert killed.returncode == 9
    assert installed_sdks(home) == []
    assert len(visible(home)) == 1, 'what it was at work in'

    site.requests.clear()
    install(home, source='emsdk')
    assert visible(home) == ['9.9.2'], 'and that is gone'
    assert [r.range for r in site.requests] == (['bytes=100-'] if moment == 'downloading' else []), 'it went on'


def test_every_release_is_known_with_a_digest_for_each_platform() -> None:
    releases = emsdk.known_releases()
    assert {'3.1.69', '6.0.5'} <= releases.keys()
    for release in releases.values():
        assert len(release['hash']) == 40
        assert all(len(release[p]) == 64 for p in ('linux', 'linux-arm64', 'mac', 'mac-arm64', 'win'))
