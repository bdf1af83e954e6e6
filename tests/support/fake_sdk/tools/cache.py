import os
from pathlib import Path

from . import config

cachedir = Path(config.CACHE)
cachelock = None
cachelock_name = None


def setup():
    cachedir.mkdir(parents=True, exist_ok=True)


def get(shortname, creator, *args, **kwargs):
    path = os.path.join(cachedir, shortname)
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        creator(path)
    return path
