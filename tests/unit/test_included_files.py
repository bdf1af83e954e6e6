"""What clang writes down of the files it read, as it spells them."""

from __future__ import annotations

import pytest

from emroot.engine.reuse.included_files import parse_depfile


@pytest.mark.parametrize(('text', 'paths'), [
    ('a.o: a.c\n', ['a.c']),
    ('a.o: a.c \\\n  /sdk/one.h /sdk/two.h \\\n  three.h\n', ['a.c', '/sdk/one.h', '/sdk/two.h', 'three.h']),
    ('a.o: a.c\\\n\\\n b.h', ['a.c', 'b.h']),
    ('a.o: a.c \\\n  /with\\ space/one.h \\\n  two.h\n', ['a.c', '/with space/one.h', 'two.h']),
    ('a.o: /with\\#hash/$$dollar/a.c b.h\n', ['/with#hash/$dollar/a.c', 'b.h']),
    ('a.o: C:\\sdk\\a.c \\\n  b\\ c.h\n', ['C:\\sdk\\a.c', 'b c.h']),
    ('a.o:\n', []),
])
def test_paths_are_read_back(text: str, paths: list[str]):
    assert parse_depfile(text) == paths
