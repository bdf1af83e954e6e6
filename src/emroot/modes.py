"""Modes: architecture x LTO x code model, and the features that select them. The one module that knows them.

A mode is one choice on each of the `AXES`; names, directories, flags, distances and the Starlark constants
(`bazel/private/modes/mode_axes.bzl`, written by `dev.py docs --write`) derive from these. A mode's identifier
(`wasm64-thinlto-pic`) is what is printed, parsed and matched everywhere; its directory (`wasm64-emscripten/thinlto-pic`)
is where emcc looks (`tools/cache.py: get_lib_dir`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Literal, NamedTuple

from .errors import UnknownNameError, UsageError

Arch = Literal['wasm32', 'wasm64']
Lto = Literal['none', 'full', 'thin']


class Choice(NamedTuple):
    """One value of an axis: the feature that selects it (none for the default), emcc's flags for links, embuilder's flags, a
    pattern for flags in logs, and how Bazel is asked for it."""

    value: str | bool
    feature: str = ''
    emcc: tuple[str, ...] = ()
    embuilder: tuple[str, ...] = ()
    in_logs: str = ''
    in_bazel: str = ''


class Axis(NamedTuple):
    """A property of modes, by the name of its field of `Mode`; the first choice is the default."""

    name: str
    choices: tuple[Choice, ...]


#: In the order in which features are printed. `-m64` came after 3.1.69, hence `-sMEMORY64`; links in PIC modes are main modules.
AXES = (
    Axis(name='arch', choices=(
        Choice(value='wasm32', feature='wasm32'),
        Choice(value='wasm64', feature='wasm64', emcc=('-sMEMORY64',), embuilder=('--wasm64',),
               in_logs=r'-m64|-s ?MEMORY64(?:=[12])?|-mwasm64',
               in_bazel='`arch = "wasm64"` of wasm_cc_binary, or --platforms=@emroot//bazel/platforms:wasm64'))),
    Axis(name='lto', choices=(
        Choice(value='none'),
        Choice(value='full', feature='lto', emcc=('-flto',), embuilder=('--lto',), in_logs='-flto(?:=full)?',
               in_bazel='`lto = "full"` of wasm_cc_binary, or --features=lto'),
        Choice(value='thin', feature='thinlto', emcc=('-flto=thin',), embuilder=('--lto=thin',), in_logs='-flto=thin',
               in_bazel='`lto = "thin"` of wasm_cc_binary, or --features=thin_lto'))),
    Axis(name='pic', choices=(
        Choice(value=False),
        Choice(value=True, feature='pic', emcc=('-sMAIN_MODULE=2',), embuilder=('--pic',),
               in_logs=r'-s ?(?:MAIN|SIDE)_MODULE(?:=[12])?',
               in_bazel='`dynamic = "main"` of wasm_cc_binary, or --features=main_module'))),
)
#: The axis and the choice of each feature, in the order in which features are printed.
FEATURES = {choice.feature: (axis, choice) for axis in AXES for choice in axis.choices if choice.feature}
ALIASES = {'lto-thin': 'thinlto'}
#: The features that every identifier begins with one of.
ARCHITECTURES = tuple(choice.feature for choice in AXES[0].choices)


@dataclass(frozen=True, kw_only=True, order=True)
class Mode:
    """One of the twelve modes."""

    arch: Arch = 'wasm32'
    lto: Lto = 'none'
    pic: bool = False

    @property
    def choices(self) -> list[Choice]:
        """What this mode has on each axis."""
        return [next(c for c in axis.choices if c.value == getattr(self, axis.name)) for axis in AXES]

    @property
    def features(self) -> list[str]:
        """The features that select this mode, in their printed order: `['wasm64', 'lto', 'pic']`."""
        return [choice.feature for choice in self.choices if choice.feature]

    @cached_property
    def name(self) -> str:
        """The identifier: `wasm64-lto-pic`."""
        return '-'.join(self.features)

    @property
    def directory(self) -> str:
        """The directory of this mode's archives, relative to the cache directory."""
        sub = '-'.join(self.features[1:])
        return f'sysroot/lib/{self.arch}-emscripten' + (f'/{sub}' if sub else '')

    @property
    def embuilder_flags(self) -> list[str]:
        """The flags that make embuilder build in this mode."""
        return [flag for choice in self.choices for flag in choice.embuilder]

    @property
    def emcc_flags(self) -> list[str]:
        """The flags that make any emcc link in this mode (a main module where the mode is PIC)."""
        return [flag for choice in self.choices for flag in choice.emcc]

    @property
    def without_lto(self) -> Mode:
        """The mode of the same architecture and code model without LTO: what LTO does not change is built there."""
        return replace(self, lto='none')

    def distance(self, other: Mode) -> tuple[bool, bool, bool, bool]:
        """How far libraries of `other` are from this mode's, for sorting: another architecture is farthest, then another code
        model, then another LTO; of modes that differ in LTO, the one without it is nearest."""
        return self.arch != other.arch, self.pic != other.pic, self.lto != other.lto, self.lto != 'none'

    def to_json(self) -> dict[str, Any]:
        """The choice on each axis: `{'arch': 'wasm64', 'lto': 'thin', 'pic': False}`."""
        return asdict(self)

    def __str__(self) -> str:
        return self.name


def all_modes() -> list[Mode]:
    """The twelve modes, wasm32 first, those with PIC after those without."""
    arch, lto, pic = ([choice.value for choice in axis.choices] for axis in AXES)
    return [Mode(arch=a, lto=o, pic=p) for a, p, o in itertools.product(arch, pic, lto)]  # type: ignore[arg-type]  # as in AXES


def mode_names() -> dict[str, str]:
    """The name of each mode by its directory."""
    return {mode.directory: mode.name for mode in all_modes()}


def mode_of_directory(directory: str) -> Mode | None:
    """The mode whose archives emcc looks for there, relative to the cache directory; None if there is none."""
    return next((mode for mode in all_modes() if mode.directory == directory), None)


def parse_features(features: Iterable[str]) -> Mode:
    """The mode for `features` in any order; each item may be several features, joined by `,`, `-` or spaces. Raises
    `UnknownNameError` for an unknown feature, `UsageError` for two that exclude each other."""
    chosen: dict[str, str] = {}
    for feature in _split(features):
        if feature not in FEATURES:
            raise UnknownNameError('feature', feature, [*FEATURES, *ALIASES],
                                   hint='the features are ' + ', '.join(FEATURES))
        axis = FEATURES[feature][0].name
        if chosen.setdefault(axis, feature) != feature:
            raise UsageError(f'features {chosen[axis]!r} and {feature!r} exclude each other',
                             hint=f'give one of them, or select both modes: --features {chosen[axis]} '
                                  f'--features {feature}')
    values = {axis: FEATURES[name][1].value for axis, name in chosen.items()}
    return Mode(**values)  # type: ignore[arg-type]  # AXES pairs each field with values of its own type


def names_mode(word: str) -> bool:
    """Whether a word is meant as a mode's identifier, though it may be a wrong one."""
    return word.split('-')[0] in ARCHITECTURES


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
