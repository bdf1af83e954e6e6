"""What every command begins with: the home, the SDK, its catalogue, and the selection of targets."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..catalogue import Catalogue
from ..errors import UsageError
from ..home import Home, find_home
from ..modes import Mode, parse_features, parse_mode
from ..sdk import Sdk, find_sdk


@dataclass(frozen=True)
class Session:
    """One invocation of the command line."""

    args: argparse.Namespace

    @cached_property
    def home(self) -> Home:
        """The home asked for."""
        return find_home(self.args.home)

    @cached_property
    def sdk(self) -> Sdk:
        """The SDK asked for."""
        return find_sdk(self.home, self.args.sdk)

    @cached_property
    def catalogue(self) -> Catalogue:
        """What that SDK has to offer."""
        return Catalogue(self.sdk, self.home)

    @property
    def cache(self) -> Path:
        """The cache directory asked for, or the SDK's own in the home."""
        if self.args.cache:
            return Path(self.args.cache).expanduser().absolute()
        return self.home.cache_directory(self.sdk.version, self.sdk.digest)

    def modes(self) -> list[Mode]:
        """The modes of `--features`, in order and once; wasm32 without any."""
        return list(dict.fromkeys(parse_features([given]) for given in self.args.features or ['wasm32']))

    def selected(self) -> dict[Mode, list[str]]:
        """Targets by mode that `--features`, `--targets` and `--for` select together.

        Raises `UsageError` if nothing is selected, `UnknownNameError` for what does not exist.
        """
        wanted: dict[Mode, dict[str, None]] = {}
        names = [name for given in self.args.targets for name in given.split(',') if name.strip()]
        for name in names:
            mode, target = self._qualified(name.strip())
            for each in [mode] if mode else self.modes():
                wanted.setdefault(each, {}).update(dict.fromkeys(self.catalogue.listing(each).expand([target])))
        links = [shlex.split(link, posix=True) for link in self.args.links]
        if self.args.features and not names and not links:
            links = [link for mode in self.modes() for link in ordinary_links(mode)]
        for link in links:
            from ..resolve import resolve
            found = resolve(self.catalogue, link)
            wanted.setdefault(found.mode, {}).update(dict.fromkeys([*found.targets, *found.ports]))
        if not wanted:
            raise UsageError('nothing is selected', mend='give --features, --targets or --for, for example '
                                                         '`emroot build --for "em++ -flto=thin"`')
        return {mode: list(targets) for mode, targets in wanted.items()}

    @staticmethod
    def _qualified(name: str) -> tuple[Mode | None, str]:
        """`wasm64-lto/libc` names its mode; anything else is meant for all the modes selected."""
        before, slash, after = name.partition('/')
        if slash and before.split('-')[0] in ('wasm32', 'wasm64'):
            return parse_mode(before), after
        return None, name


def ordinary_links(mode: Mode) -> list[list[str]]:
    """What `--features` alone stands for: C and C++ programs of this mode, with and without optimisation."""
    return [[driver, *mode.emcc_flags, level] for driver in ('emcc', 'em++') for level in ('-O0', '-O2')]


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(document, indent=2) + '\n')
