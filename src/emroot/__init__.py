"""emroot: Emscripten system libraries in any mode, built on demand, once, anywhere.

    import emroot

    needed = emroot.resolve('em++ -O2 -sMEMORY64 -flto=thin -fwasm-exceptions')
    result = emroot.build(links=['em++ -O2 -sMEMORY64 -flto=thin -fwasm-exceptions'])
    result.raise_for_failures()
    subprocess.run(['em++', ...], env={**os.environ, **emroot.environment()})

What stands in `__all__` is the API; it follows semantic versioning. `import emroot` imports nothing else: each name is loaded
when it is used first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = '0.1.0.dev0'

if TYPE_CHECKING:
    from .api.maintenance import explain, export, gc, import_archive, verify
    from .api.operations import build, environment, find_sdk, install_sdk, listing, report, resolve
    from .bundle.exporter import Exported
    from .bundle.importer import Imported
    from .engine.events import ArchiveDone, BuildListener, Ended, Event, Noted, Planned, Remaining, Started, Warned
    from .engine.explanation import Explained
    from .engine.result import BuildResult, Failure, ModeResult
    from .errors import BuildError, EmrootError, RemoteError, SdkError, StoreError, UnknownNameError, UsageError
    from .libraries.catalogue import Library, Listing
    from .libraries.resolution import Resolution
    from .modes import Mode, all_modes, parse_features, parse_mode
    from .reporting.contents import Report
    from .sdk.model import Sdk
    from .store.gc import Collected
    from .store.verification import Verified

__all__ = [
    'ArchiveDone', 'BuildError', 'BuildListener', 'BuildResult', 'Collected', 'EmrootError', 'Ended', 'Event', 'Explained',
    'Exported', 'Failure', 'Imported', 'Library', 'Listing', 'Mode', 'ModeResult', 'Noted', 'Planned', 'Remaining',
    'RemoteError', 'Report', 'Resolution', 'Sdk', 'SdkError', 'Started', 'StoreError', 'UnknownNameError',
    'UsageError', 'Verified', 'Warned', '__version__', 'all_modes', 'build', 'environment', 'explain', 'export',
    'find_sdk', 'gc', 'import_archive', 'install_sdk', 'listing', 'parse_features', 'parse_mode', 'report', 'resolve', 'verify',
]

#: The module of each name.
_HOMES = {
    'api.operations': ('build', 'environment', 'find_sdk', 'install_sdk', 'listing', 'report', 'resolve'),
    'bundle.exporter': ('Exported',),
    'bundle.importer': ('Imported',),
    'libraries.catalogue': ('Library', 'Listing'),
    'engine.events': ('ArchiveDone', 'BuildListener', 'Ended', 'Event', 'Noted', 'Planned', 'Remaining', 'Started', 'Warned'),
    'engine.explanation': ('Explained',),
    'engine.result': ('BuildResult', 'Failure', 'ModeResult'),
    'errors': ('BuildError', 'EmrootError', 'RemoteError', 'SdkError', 'StoreError', 'UnknownNameError', 'UsageError'),
    'api.maintenance': ('explain', 'export', 'gc', 'import_archive', 'verify'),
    'modes': ('Mode', 'all_modes', 'parse_features', 'parse_mode'),
    'reporting.contents': ('Report',),
    'libraries.resolution': ('Resolution',),
    'sdk.model': ('Sdk',),
    'store.gc': ('Collected',),
    'store.verification': ('Verified',),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            import importlib
            found = getattr(importlib.import_module(f'{__name__}.{module}'), name)
            globals()[name] = found
            return found
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')


def __dir__() -> list[str]:
    return sorted(__all__)
