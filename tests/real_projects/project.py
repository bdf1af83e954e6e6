"""The projects of `projects.toml`."""

from __future__ import annotations

import shlex
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

LIST = Path(__file__).with_name('projects.toml')
#: What is built of each project: modes that no SDK ships, and the flags of emcc that choose them. C++ without exceptions does not
#: link with LTO where LLVM is older than Emscripten expects.
MODES = {'wasm64': {'C': '-sMEMORY64', 'C++': '-sMEMORY64'},
         'wasm32-lto': {'C': '-flto', 'C++': '-flto -fexceptions'}}


@dataclass(frozen=True, kw_only=True)
class Project:
    """A source package, and how it is built and tested."""

    name: str
    system: str
    language: str
    steps: list[str]
    files: dict[str, str] = field(default_factory=dict)

    def commands(self, mode: str, node: str) -> list[list[str]]:
        """What is run, in order."""
        return [shlex.split(self._fill(step, mode, node)) for step in self.steps]

    def write_files(self, directory: Path, mode: str, node: str) -> None:
        """Write what the project itself does not have."""
        for name, text in self.files.items():
            (directory / name).write_text(self._fill(text, mode, node), encoding='utf-8')

    def _fill(self, text: str, mode: str, node: str) -> str:
        flags = MODES[mode][self.language]
        quoted = ', '.join(f"'{flag}'" for flag in flags.split())
        return text.replace('{flags_quoted}', quoted).replace('{flags}', flags).replace('{node}', node)


def read_projects(file: Path = LIST) -> dict[str, Project]:
    """All of them, by name."""
    return {name: Project(name=name, **said) for name, said in tomllib.loads(file.read_text(encoding='utf-8')).items()}
