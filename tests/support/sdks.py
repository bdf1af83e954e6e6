"""The SDKs to develop and test with, in the home of development."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from dev.paths import dev_cache, dev_home, say
from emroot.errors import SdkError
from emroot.sdk.discovery import emscripten_root
from emroot.sdk.installation import MANIFEST, install

#: The releases that everything is tested with: the newest that Debian's next release has, and the oldest supported.
VERSIONS = ('6', '3.1.69')


def get_sdks(versions: tuple[str, ...] = VERSIONS) -> tuple[list[Path], list[str]]:
    """Roots of the SDKs to test with, and what could not be had and why. EMROOT_TEST_SDKS (paths) overrides."""
    if given := os.environ.get('EMROOT_TEST_SDKS'):
        roots = [emscripten_root(Path(p)) for p in given.split(os.pathsep) if p]
        return [r for r in roots if r], [f'no SDK at {p}' for p, r in zip(given.split(os.pathsep), roots, strict=True) if not r]
    remove_changed_sdks()
    found, missing = [], []
    for version in versions:
        shown = ''

        def report(step: str, done: int, total: int | None) -> None:
            nonlocal shown
            if step != shown:
                say(f'  {step}')
            shown = step
        try:
            found.append(install(dev_home(), source='debian', version=version, report=report))
        except SdkError as error:
            missing.append(f'Emscripten {version}: {error}')
    record_sdk_caches()
    return found, missing


def record_sdk_caches() -> None:
    """Record what the caches of new SDKs came with."""
    for tree in _installed_sdks():
        if not (record := _cache_record(tree)).exists():
            record.parent.mkdir(parents=True, exist_ok=True)
            record.write_text(json.dumps(_cache_listing(tree)), encoding='utf-8')


def remove_changed_sdks() -> None:
    """Remove SDKs whose own cache was written to since they were installed: a plain emcc does that, and emroot would take the
    libraries for ones that came with the SDK, so that tests find them where nothing should be."""
    for tree in _installed_sdks():
        record = _cache_record(tree)
        if not record.exists() or json.loads(record.read_text(encoding='utf-8')) != _cache_listing(tree):
            say(f'  the cache of the SDK at {tree} is not as it was installed: getting this SDK anew')
            record.unlink(missing_ok=True)
            shutil.rmtree(tree)


def _installed_sdks() -> list[Path]:
    """The trees of the SDKs in the home of development."""
    return sorted(path for path in dev_home().sdks.glob('*') if (path / MANIFEST).is_file())


def _cache_record(tree: Path) -> Path:
    """Where the listing of an SDK's own cache is kept."""
    return dev_cache() / 'sdk-caches' / f'{tree.name}.json'


def _cache_listing(tree: Path) -> dict[str, int]:
    """The files of an SDK's own cache, by their paths, with their sizes in bytes."""
    root = emscripten_root(tree)
    return {path.relative_to(tree).as_posix(): path.stat().st_size for path in sorted(root.glob('cache/**/*'))
            if path.is_file()} if root else {}
