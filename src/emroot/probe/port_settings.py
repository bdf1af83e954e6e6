"""Port names with settings: `sdl2_mixer:formats=mid,mp3:PTHREADS=1`. Also runs in the SDK's Python (3.8 or later).

The syntax is that of `--use-port=NAME:OPTION=VALUE`; options in capitals are settings of emcc.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: The setting for files of other ports on which the port depends, as in `--use-port`.
USE_PORT = 'USE_PORT'
#: A setting that emcc enables together with another one.
IMPLIED = (('PTHREADS', 'SHARED_MEMORY'), ('WASM_WORKERS', 'SHARED_MEMORY'))
_SETTING = r'[A-Z][A-Z0-9_]*'


def split(name: str) -> tuple[str, list[tuple[str, str]]]:
    """The name or path of a port, and its options as pairs. `C:` is a drive."""
    at = name.find(':', 2)
    if at < 0:
        return name, []
    texts = name[at + 1:].replace('::', '\0').split(':')
    pairs = [text.replace('\0', ':').partition('=') for text in texts]
    return name[:at], [(option, value) for option, _, value in pairs]


def join(name: str, options: Mapping[str, Any]) -> str:
    """The inverse of `split`: `name` with more options, sorted by name."""
    return name + ''.join(':{}={}'.format(option, text_of(value).replace(':', '::')) for option, value in options.items())


def without_settings(name: str) -> tuple[str, dict[str, str]]:
    """A name for emcc's own tools, and the settings in it, as text by name."""
    first, options = split(name)
    settings = {option: value for option, value in options if re.fullmatch(_SETTING, option)}
    return join(first, {option: value for option, value in options if option not in settings}), settings


def value_of(text: str, default: object) -> Any:
    """The value of a setting from text; the type is that of `default`."""
    if isinstance(default, list):
        return text.split(',') if text else []
    return int(text) if re.fullmatch(r'-?\d+', text) and not isinstance(default, str) else text


def with_implied(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings, with those that emcc sets because of them."""
    implied = {effect: 1 for cause, effect in IMPLIED if settings.get(cause)}
    return {**settings, **implied}


def text_of(value: object) -> str:
    """A setting's value as text in a name."""
    if isinstance(value, (list, tuple)):
        return ','.join(map(str, value))
    return str(int(value)) if isinstance(value, bool) else str(value)
