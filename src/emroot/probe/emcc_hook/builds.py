"""Starts emroot from an emcc below `emroot run` (see `hook.py`)."""

import contextlib
import json
import logging
import os
import shlex
import subprocess
import sys
import tempfile
import time

#: What was built for this command line.
PORTS, ALL = 'ports', 'all'
#: Settings for all of emcc's compiles, those of libraries included.
HEEDED = ('EM_COMPILER_WRAPPER', 'EMCC_CORES')


class Builds:
    """What emroot builds for this program. `command`, `configuration`: see `install` in `hook.py`; `messages`: a file for
    `emroot run`."""

    def __init__(self, command, configuration, messages):
        self.command, self.configuration, self.messages = command, configuration, messages
        self.asked_for_link = None
        self.began, self.told = time.time(), set()
        self.busy = False  # while emroot runs

    def build_for_link(self, only_ports=False):
        """Build everything that this command line needs, with the right variants of ports, or only the ports; once."""
        if self.frozen or self.asked_for_link in (ALL, PORTS if only_ports else ALL):
            return
        self.asked_for_link = PORTS if only_ports else ALL
        if is_driver():
            only_ports = only_ports and bool(self.command.get('lazy'))
            driver = 'em++' if '++' in os.path.basename(sys.argv[0]) else 'emcc'
            more = shlex.split(os.environ.get('EMCC_CFLAGS', ''))
            link = [driver, *sys.argv[1:], *more]
            if only_ports:
                self.ask_lazily({'ports': link})
            else:
                self.build(['--for', shlex.join(link)])
        elif targets := embuilders_targets():
            self.build(['--targets', ','.join(self.mode() + '/' + target for target in targets)])

    @property
    def frozen(self):
        """Whether somebody froze the cache below `emroot run`, at the end of its configuration, which has unfrozen it."""
        return 'FROZEN_CACHE' in self.configuration and bool(self.configuration['FROZEN_CACHE'])

    def freeze(self):
        """Let emcc heed that: for it, the variable of `emroot run` would come first."""
        if self.frozen and 'tools.config' in sys.modules:
            sys.modules['tools.config'].FROZEN_CACHE = True

    def tell_generated(self, what, name, path):
        """Log for embuilder's user, as embuilder does, a file that it asks for and emroot has just made. Links are quiet."""
        if not is_embuilder():
            return
        with contextlib.suppress(OSError):
            when = os.stat(path).st_ctime
            if when > self.began and (path, when) not in self.told:
                self.told.add((path, when))
                what = what or ('system library' if name.endswith('.a') else 'system asset')
                logging.getLogger('cache').info('generating %s: %s... (emroot has built it)', what, name)

    def may_build(self, path):
        """Whether a library may be built: in a frozen cache, one that is only missing because links were lazy."""
        if not self.frozen:
            return True
        cache, left_out = self.cache(), set()
        for mode in self.command['modes'].values():
            damaged = contextlib.suppress(OSError, ValueError, LookupError, AttributeError, TypeError)
            with damaged, open(os.path.join(cache, '.emroot', 'lazy', mode + '.json'), encoding='utf-8') as f:
                left_out.update(json.load(f)['without'].values())
        return os.path.relpath(path, cache).replace(os.sep, '/') in left_out

    def add_flags(self, system_libs):
        """Give what emcc builds by itself the flags of the command, if it has any: an action's output names no random path."""
        flags, made = self.command.get('flags'), getattr(system_libs, 'get_base_cflags', None)
        if flags and made:
            system_libs.get_base_cflags = lambda *args, **kwargs: [*made(*args, **kwargs), *flags]

    def mode(self):
        """The mode of this program's settings: `wasm64-lto`. Raises `KeyError` if emroot knows none with its directory."""
        return self.command['modes'][str(sys.modules['tools.cache'].get_lib_dir(absolute=False)).replace('\\', '/')]

    def build(self, selection):
        """Let emroot build. If it cannot, emcc continues, and reports missing libraries itself."""
        self.run(self.command['argv'], selection, subprocess.DEVNULL)

    def run(self, argv, arguments, output):
        """Start emroot for the cache directory of this emcc, without the variables of the project. Returns its exit code."""
        cache, root = self.cache(), os.path.join(os.path.realpath(self.command['root']), '')
        if os.path.realpath(cache).startswith(root):
            return 1  # the SDK's own: what emcc does there is its own affair
        argv = list(argv)
        argv[argv.index('--cache') + 1] = cache
        environment = {name: value for name, value in os.environ.items()
                       if name in HEEDED or not name.startswith(('EM_', 'EMCC_'))}
        environment.update(self.command['env'], EMROOT_NOTICES=self.messages)
        if wrapper := getattr(sys.modules.get('tools.config'), 'COMPILER_WRAPPER', None):  # as its command line may say, too
            environment['EM_COMPILER_WRAPPER'] = str(wrapper)
        busy, self.busy = self.busy, True
        try:
            return subprocess.run([*argv, *arguments], env=environment, stdin=subprocess.DEVNULL, stdout=output,
                                  check=False).returncode
        finally:
            self.busy = busy

    def cache(self):
        """The cache directory of this emcc: that of `emroot run`, or of `--cache`."""
        given = getattr(sys.modules.get('tools.config'), 'CACHE', None)
        return os.path.abspath(given) if given else self.command['cache']

    def follow_cache(self):
        """Search ports in the cache directory in use; emcc's `--cache` changes only that of libraries."""
        config, default = sys.modules.get('tools.config'), os.path.join(self.command['cache'], 'ports')
        if getattr(config, 'PORTS', None) == default:
            config.PORTS = os.path.join(self.cache(), 'ports')

    def ask_lazily(self, request):
        """Let emroot do part of a lazy link. Returns its exit code."""
        with tempfile.TemporaryDirectory(prefix='emroot-') as directory:
            file = os.path.join(directory, 'request.json')
            with open(file, 'w', encoding='utf-8') as f:
                json.dump(request, f)
            return self.run(self.command['lazy'], [file], None)


def is_driver():
    """Whether this program is emcc or em++, which compile and link."""
    return os.path.basename(sys.argv[0]).startswith(('emcc', 'em++'))


def is_embuilder():
    """Whether this program is embuilder, which builds what it is told to."""
    return os.path.basename(sys.argv[0]).startswith('embuilder')


def embuilders_targets():
    """The targets of an embuilder command, as far as emroot has names for them."""
    words = [word for word in sys.argv[1:] if not word.startswith('-')]
    if not is_embuilder() or words[:1] != ['build']:
        return []
    return [word for word in words[1:] if word != 'sysroot' and not set(word) & set('/\\:,')]
