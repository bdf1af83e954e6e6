"""The SDKs that tests share are as they were installed: what a plain emcc leaves in one's own cache would pass for shipped."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import sdks

from dev import paths
from emroot.sdk.installation import MANIFEST


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An SDK in the home of development, with a library in its own cache."""
    monkeypatch.setenv('EMROOT_DEV_CACHE', str(tmp_path))
    tree = paths.dev_home().sdks / '6.0.5'
    library = tree / 'cache' / 'sysroot' / 'lib' / 'wasm32-emscripten' / 'libal.a'
    library.parent.mkdir(parents=True)
    library.write_bytes(b'!<arch>\n')
    for name in ('emcc.py', 'emscripten-version.txt', MANIFEST):
        (tree / name).write_text('', encoding='utf-8')
    sdks.record_sdk_caches()
    return tree


@pytest.fixture
def without_record(installed: Path) -> Path:
    """One that was installed before listings were kept: nobody knows what its cache came with."""
    for record in (paths.dev_cache() / 'sdk-caches').iterdir():
        record.unlink()
    return installed


def test_an_sdk_is_removed_when_something_was_written_to_its_cache(installed: Path, capsys: pytest.CaptureFixture[str]):
    sdks.remove_changed_sdks()
    assert installed.exists()
    (installed / 'cache' / 'sysroot' / 'lib' / 'libhtml5.a').write_bytes(b'!<arch>\n')
    sdks.remove_changed_sdks()
    assert not installed.exists()
    assert 'not as it was installed' in capsys.readouterr().err


def test_an_sdk_without_a_listing_is_removed(without_record: Path):
    sdks.remove_changed_sdks()
    assert not without_record.exists()
