"""The SDK's modules, imported once, and their global state."""

import contextlib
import copy
import os
import sys
from pathlib import Path

from seam_access import import_module, install


class Stop(BaseException):
    """Ends an SDK function early, when all information is known."""


class Unlocked(contextlib.nullcontext):
    """Replaces the SDK's `FileLock`; locks nothing."""

    def __init__(self, *args, **kwargs):
        super().__init__(self)

    def acquire(self, *args, **kwargs):
        return self
    release = acquire


class SdkModules:
    """The SDK's modules, imported once."""

    def __init__(self, root):
        sys.path.insert(0, root)
        sys.argv = [os.path.join(root, 'emcc.py')]
        self.root = root
        self.emcc = import_module('emcc')
        for name in ('building', 'cache', 'config', 'ports', 'settings', 'shared', 'system_libs', 'utils'):
            setattr(self, name, import_module('tools.' + name))
        self._unlock()

    def _unlock(self):
        """Disable locks: no other process uses the cache, and some disks have none."""
        install('tools.cache.filelock.FileLock', Unlocked)
        if getattr(self.cache, 'cachelock', None) is not None:
            install('tools.cache.cachelock', Unlocked())

    def spell_cache_in_tree(self):
        """Use `<root>/cache` as the path of the cache directory, without creating, reading or locking anything there.
        The reference for every byte is embuilder with its in-tree cache, so its paths are recorded."""
        install('tools.cache.cachedir', Path(self.root, 'cache'))
        install('tools.cache.cachelock', None)
        install('tools.cache.cachelock_name', Path(self.root, 'cache', 'cache.lock'))
        install('tools.cache.get', lambda shortname, creator=None, *args, **kwargs: str(Path(self.root, 'cache', shortname)))


class State:
    """A snapshot of all global state that the SDK's front half can change; it can be restored any number of times. A
    fresh process for each of some 400 flag groups would take a minute; restoring the state takes a millisecond."""

    MODULES = ('emcc', 'tools.cmdline', 'tools.settings', 'tools.diagnostics', 'tools.shared', 'tools.compile',
               'tools.building', 'tools.ports')

    def __init__(self):
        self.containers, self.names, self.objects, self.caches = [], [], [], []
        for module in [sys.modules[name] for name in self.MODULES if name in sys.modules]:
            for name, value in list(vars(module).items()):
                for holder in [value, *_attributes(value)]:
                    if isinstance(holder, (dict, list, set)):
                        self.containers.append((holder, _copy(holder)))
                if value is None or isinstance(value, (bool, int, str)):
                    self.names.append((module, name, value))
                if _is_sdk_object(value):
                    self.objects.append((vars(value), dict(vars(value))))
                if hasattr(value, 'cache_clear'):
                    self.caches.append(value.cache_clear)

    def restore(self):
        """Restore the state."""
        for module, name, value in self.names:
            setattr(module, name, value)
        for space, content in self.objects:
            _refill(space, content)
        for holder, content in self.containers:
            if holder != content:
                _refill(holder, _copy(content))
        for clear in self.caches:
            clear()


def _is_sdk_object(value):
    return type(value).__module__.split('.')[0] in ('tools', 'emcc') and hasattr(value, '__dict__')


def _attributes(value):
    """Containers held by an SDK object or its class (`settings.attrs`, `EmccOptions.input_files`)."""
    if not _is_sdk_object(value):
        return []
    return [v for space in (vars(value), vars(type(value))) for v in space.values() if isinstance(v, (dict, list, set))]


def _copy(holder):
    """A deep copy of plain data, a shallow copy of containers with the SDK's objects."""
    values = holder.values() if isinstance(holder, dict) else holder
    plain = all(isinstance(v, (str, int, float, bool, type(None), list, dict, set, tuple)) for v in values)
    return copy.deepcopy(holder) if plain else copy.copy(holder)


def _refill(holder, content):
    if holder == content:
        return
    holder.clear()
    if isinstance(holder, list):
        holder.extend(content)
    else:
        holder.update(content)


def sdk_path(sdk, path):
    """A path below the SDK's root, as `{sdk}/...` with forward slashes; a relative one as it is."""
    path = str(path)
    for prefix, name in ((os.path.join(sdk.root, 'cache', 'sysroot'), '{cache}/sysroot'), (sdk.root, '{sdk}')):
        path = path.replace(prefix, name)
    return path.replace('\\', '/') if os.sep == '\\' else path
