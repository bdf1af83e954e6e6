"""Joining objects: no member is lost."""

from __future__ import annotations

from pathlib import Path

from support.synthetic_sdk import synthetic_sdk

from emroot.engine.archives import KIND, make_archive
from emroot.engine.command_lines.compile_context import CompileContext
from emroot.engine.events import BuildListener
from emroot.engine.execution.pool import Pool
from emroot.engine.result import Failure
from emroot.keys.plan import Archive
from emroot.modes import Mode
from emroot.store import Store


def test_members_of_one_name_are_refused_and_not_one_of_them_dropped(tmp_path: Path):
    with Store(tmp_path / 'store') as store:
        objects = []
        for content in (b'one', b'two'):
            file = store.scratch() / 'object'
            file.write_bytes(content)
            objects.append(store.add_file(file))
        archive = Archive(key='a' * 64, mode=Mode(), target='libx', path='libx.a', how='archive',
                          members=(('x.o', 'b' * 64), ('x.o', 'c' * 64)))
        made = make_archive(archive, objects, archive.key, store, CompileContext(synthetic_sdk(), tmp_path), {}, Pool(1),
                            BuildListener())
        assert isinstance(made, Failure) and made.target == 'libx' and 'the same name' in made.error
        assert store.read(KIND, archive.key) is None
