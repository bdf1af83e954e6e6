import os
from pathlib import Path

from . import config, filelock  # noqa: F401  # the program replaces its class

cachedir = Path(config.CACHE)
cachelock = None
cachelock_name = None


def setup():
    cachedir.mkdir(parents=True, exist_ok=True)


def erase():
    raise NotImplementedError


def acquire_cache_lock(reason):
    raise NotImplementedError


ensure = ensure_setup = setup
release_cache_lock = erase


def get_path(shortname):
    return os.path.join(cachedir, shortname)


def get_include_dir(*parts):
    return os.path.join(cachedir, 'sysroot', 'include', *parts)


def get_lib_dir(absolute):
    raise NotImplementedError


def get(shortname, creator, *args, **kwargs):
    path = os.path.join(cachedir, shortname)
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        creator(path)
    return path
