"""Modes: architecture x LTO x code model, and the features that select them. The one module that knows their names.

A mode's identifier (`wasm64-thinlto-pic`) is what is printed, parsed and matched everywhere; its directory
(`wasm64-emscripten/thinlto-pic`) is where emcc looks (`tools/cache.py: get_lib_dir`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .errors import UnknownNameError, UsageError

Arch = Literal['wasm32', 'wasm64']
Lto = Literal['none', 'full', 'thin']

#: Features in the order in which they are printed, each with the property of a mode that it decides and its value.
FEATURES: dict[str, tuple[str, str | bool]] = {
    'wasm32': ('arch', 'wasm32'),
    'wasm64': ('arch', 'wasm64'),
    'lto': ('lto', 'full'),
    'thinlto': ('lto', 'thin'),
    'pic': ('pic', True),
}
ALIASES = {'lto-thin': 'thinlto'}


@dataclass(frozen=True, kw_only=True, order=True)
class Mode:
    """One of the twelve modes."""

    arch: Arch = 'wasm32'
    lto: Lto = 'none'
    pic: bool = False

    @property
    def features(self) -> list[str]:
        """The features that select this mode, in their printed order: `['wasm64', 'lto', 'pic']`."""
        mine = {'arch': self.arch, 'lto': self.lto, 'pic': self.pic}
        return [name for name, (key, value) in FEATURES.items() if mine[key] == value]

    @property
    def name(self) -> str:
        """The identifier: `wasm64-lto-pic`."""
        return '-'.join(self.features)

    @property
    def directory(self) -> str:
        """Where emcc looks for this mode's archives, relative to the cache directory."""
        sub = '-'.join(self.features[1:])
        return f'sysroot/lib/{self.arch}-emscripten' + (f'/{sub}' if sub else '')

    @property
    def embuilder_flags(self) -> list[str]:
        """The flags that make embuilder build in this mode."""
        lto = {'none': [], 'full': ['--lto'], 'thin': ['--lto=thin']}[self.lto]
        return [*(['--wasm64'] if self.arch == 'wasm64' else []), *lto, *(['--pic'] if self.pic else [])]

    @property
    def emcc_flags(self) -> list[str]:
        """The flags that make any emcc link in this mode (a main module where the mode is PIC). `-m64` came after 3.1.69."""
        lto = {'none': [], 'full': ['-flto'], 'thin': ['-flto=thin']}[self.lto]
        return [*(['-sMEMORY64'] if self.arch == 'wasm64' else []), *lto, *(['-sMAIN_MODULE=2'] if self.pic else [])]

    def __str__(self) -> str:
        return self.name


def all_modes() -> list[Mode]:
    """The twelve modes, wasm32 first."""
    archs: tuple[Arch, ...] = ('wasm32', 'wasm64')
    ltos: tuple[Lto, ...] = ('none', 'full', 'thin')
    return [Mode(arch=arch, lto=lto, pic=pic) for arch in archs for pic in (False, True) for lto in ltos]


def parse_features(features: Iterable[str]) -> Mode:
    """The mode that `features` select, in any order; each item may hold several, joined by `,`, `-` or spaces.

    Raises `UnknownNameError` for a feature that does not exist, `UsageError` for two that exclude each other.
    """
    chosen: dict[str, str] = {}
    for feature in _split(features):
        if feature not in FEATURES:
            raise UnknownNameError('feature', feature, [*FEATURES, *ALIASES],
                                   hint='the features are ' + ', '.join(FEATURES))
        key = FEATURES[feature][0]
        if chosen.setdefault(key, feature) != feature:
            raise UsageError(f'features {chosen[key]!r} and {feature!r} exclude each other',
                             hint=f'give one of them, or select both modes: --features {chosen[key]} '
                                  f'--features {feature}')
    values = {key: FEATURES[name][1] for key, name in chosen.items()}
    return Mode(**values)  # type: ignore[arg-type]  # the table above pairs each key with values of its own type


def parse_mode(identifier: str) -> Mode:
    """The mode of an identifier. `parse_mode(mode.name) == mode` for every mode."""
    return parse_features([identifier])


def _split(features: Iterable[str]) -> Iterable[str]:
    for item in features:
        for word in item.replace(',', ' ').lower().split():
            for alias, name in ALIASES.items():
                word = word.replace(alias, name)
            parts = word.split('-')
            yield from parts if parts[0] in FEATURES else [word]
