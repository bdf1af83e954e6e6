"""The commands: what there is, and one module for each.

A module has `add_arguments(parser)`, `run(args)` (which returns the exit code) and `EXAMPLES` (a command line and
what it is for). A command with commands below it is a package that names them in `COMMANDS`, as this one does. Help
and completion import these modules: `run` imports what it needs, the top of a module only what its arguments need.
"""

from __future__ import annotations

import importlib
from typing import Any

#: By name, what `--help` says of it. The module has the same name (`cache-key`: `cache_key`; `import`: `import_`).
COMMANDS = {
    'sdk': 'show or install an SDK',
    'list': 'list the targets of a mode, with variants, numbers of objects and state',
    'resolve': 'print the mode, the libraries in link order and the ports that a link needs',
    'build': 'build libraries into the cache directory',
    'env': 'build, then print environment variables that make emcc use the cache directory',
    'run': 'run a command whose links get the libraries that they need',
    'link': 'run one link and compile only the objects that it needs',
    'explain': 'print the key of a target and all its inputs',
    'verify': 'check every object, archive, header and cache directory against its digest',
    'gc': 'limit the size of the store, least recently used first',
    'export': 'write libraries to one archive, for emsdk\'s prebuilt_cache, a frozen emcc or `emroot import`',
    'import': 'import an archive into the store and the cache directory',
    'publish': 'upload libraries to a remote, or write them to a directory for a web server',
    'index': 'export or import symbol indexes, for lazy links on other machines',
    'cache-key': 'print a short key for CI caches, from the SDK and the selection',
    'report': 'write one self-contained HTML page: modes x targets, sizes, times, reuse',
    'completion': 'print a script for a shell that completes commands, options, features and targets',
    'trust': 'trust the paths, remotes and bases in a project\'s emroot.toml',
    'doctor': 'find problems of this setup, or of a failed link, and print how to fix them',
}
EXAMPLES = [('emroot run -- cmake --build build', 'builds the libraries that its links need'),
            ('emroot build --for "em++ -O2 -flto -pthread"', 'the libraries of this link'),
            ('emroot doctor', 'check this setup')]


def load(command: str) -> Any:
    """The module of a command: `build`, `sdk install`; this one for none."""
    names = {'import': 'import_'}  # Python keeps that word for itself
    return importlib.import_module('.'.join([__name__, *(names.get(word, word.replace('-', '_')) for word in command.split())]))
