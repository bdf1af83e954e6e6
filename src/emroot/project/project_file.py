"""`emroot.toml`: the selection and settings of a project.

    sdk = "6.0.5"                              # an SDK of this version, or the path of one
    builder = "source"

    [[cache]]                                  # any number of these
    features = ["wasm64", "thinlto"]
    targets = ["libc-debug", "libc++*"]

    [[cache]]
    for = ["em++ -O2 -flto -pthread -fwasm-exceptions"]

The dataclasses below define the format: `load_project` checks against them, and `json_schema` is made from
them.
"""

from __future__ import annotations

import dataclasses
import re
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import UsageError, nearest
from .names import NAME

_VERSION = r'\d[\w.+-]*'
_TYPES: dict[str, tuple[type, dict[str, Any]]] = {'str': (str, {'type': 'string'}), 'bool': (bool, {'type': 'boolean'}),
          'list[str]': (list, {'type': 'array', 'items': {'type': 'string'}})}


def _key(doc: str, *, name: str = '', choices: tuple[str, ...] = (), default: Any = '') -> Any:
    """A key of the file: its documentation, its name if it is a Python keyword, its few values."""
    metadata = {'doc': doc, 'name': name, 'choices': choices}
    if isinstance(default, list):
        return field(default_factory=list, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class CacheSection:
    """Libraries of one mode, or those that some links need."""

    features: list[str] = _key('Features of the mode, in any order.', default=[])
    targets: list[str] = _key('Targets, patterns, groups or ports.', default=[])
    links: list[str] = _key('Link commands: everything that each of them needs.', name='for', default=[])


@dataclass(frozen=True)
class Project:
    """The content of emroot.toml."""

    sdk: str = _key('The version of the SDK (or a prefix of it), or the path of an SDK relative to this file (`./6.0.5`).')
    builder: str = _key('How libraries are built.', choices=('source', 'embuilder'), default='source')
    ports_from: str = _key('A directory with archives or sources of ports, relative to this file.', name='ports-from')
    remote: str = _key('The address of a remote to download from.')
    remote_key: str = _key('The key that has to have signed the remote\'s records: an OpenSSH public key, or its file, '
                           'relative to this file.', name='remote-key')
    base: str = _key('A read-only cache directory whose valid files are used without a copy, relative to this file.')
    complete: bool = _key('Whether a lazy link is followed by a background build of its whole libraries.', default=False)
    cache: list[CacheSection] = field(default_factory=list, metadata={'doc': 'What to build.', 'of': CacheSection})
    file: Path = field(default=Path(), metadata={'internal': True})
    """The file itself."""
    trusted: bool = field(default=True, metadata={'internal': True})
    """Whether the user trusts it; if not, `trust.without_untrusted` removed the keys that need trust."""

    @property
    def sdk_path(self) -> Path | None:
        """The path of the SDK; None if the file gives a version."""
        return self.file.parent / self.sdk if self.sdk and not re.fullmatch(_VERSION, self.sdk) else None


def load_project(path: Path) -> Project:
    """Read and check a file. Raises `UsageError` with the line or key, and the most similar known key."""
    import tomllib  # lazy import: most commands find no file
    try:
        with open(path, 'rb') as f:
            document = tomllib.load(f)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f'{path}: not valid TOML: {error}', hint='see https://toml.io') from error
    except OSError as error:
        raise UsageError(f'{path}: cannot be read: {error.strerror}', hint='check the file') from error
    return typing.cast(Project, dataclasses.replace(_read(Project, document, str(path)), file=path))


def json_schema() -> dict[str, Any]:
    """A JSON schema of the format, for editors."""
    return {'$schema': 'https://json-schema.org/draft/2020-12/schema', 'title': NAME, **_schema(Project)}


def _keys(of: type) -> dict[str, dataclasses.Field[Any]]:
    return {f.metadata.get('name') or f.name: f for f in dataclasses.fields(of) if not f.metadata.get('internal')}


def _read(of: type, document: dict[str, Any], where: str) -> Any:
    keys = _keys(of)
    values: dict[str, Any] = {}
    for key, value in document.items():
        if key not in keys:
            near = nearest(key, keys, 1)
            raise UsageError(f'{where}: unknown key {key!r}' + (f'; did you mean {near[0]!r}?' if near else ''),
                             hint=f'the keys are {", ".join(keys)}')
        values[keys[key].name] = _check(keys[key], value, f'{where}: {key}')
    return of(**values)


def _check(known: dataclasses.Field[Any], value: Any, where: str) -> Any:
    if section := known.metadata.get('of'):
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            raise UsageError(f'{where}: must be tables', hint=f'write [[{known.name}]] above them')
        return [_read(section, table, f'{where}[{n}]') for n, table in enumerate(value)]
    expected, described = _TYPES[str(known.type)]
    strings = not isinstance(value, list) or all(isinstance(v, str) for v in value)
    if not isinstance(value, expected) or not strings:
        expected_kind = 'a list of strings' if expected is list else f'a {described["type"]}'
        raise UsageError(f'{where}: must be {expected_kind}, not {value!r}', hint=known.metadata['doc'])
    if known.metadata['choices'] and value not in known.metadata['choices']:
        raise UsageError(f'{where}: {value!r} is not one of {", ".join(known.metadata["choices"])}',
                         hint=f'choose one of {", ".join(known.metadata["choices"])}')
    return value


def _schema(of: type) -> dict[str, Any]:
    properties = {}
    for key, known in _keys(of).items():
        if section := known.metadata.get('of'):
            shape: dict[str, Any] = {'type': 'array', 'items': _schema(section)}
        else:
            shape = dict(_TYPES[str(known.type)][1])
            if known.metadata['choices']:
                shape['enum'] = list(known.metadata['choices'])
        properties[key] = {'description': known.metadata['doc'], **shape}
    return {'type': 'object', 'description': (of.__doc__ or '').strip(), 'additionalProperties': False,
            'properties': properties}
