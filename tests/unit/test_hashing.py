"""Canonical JSON: equal records, equal digests, in any process."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.running import plain_environment

from emroot.hashing import CHUNK, canonical_json, digest_bytes, digest_file, digest_record, is_file_with, sha256

records = st.recursive(st.none() | st.booleans() | st.integers() | st.text(),
                       lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


@given(st.dictionaries(st.text(), records))
def test_the_order_in_which_a_record_was_made_does_not_matter(record: dict[str, object]):
    backwards = dict(reversed(record.items()))
    assert canonical_json(record) == canonical_json(backwards)
    assert digest_record(record) == digest_record(backwards)


@given(records, records)
def test_different_records_have_different_digests(one: object, other: object):
    assert (digest_record(one) == digest_record(other)) == (json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True))


@given(records)
def test_nothing_is_lost(record: object):
    assert json.loads(canonical_json(record)) == record
    assert canonical_json(record).isascii()


def test_a_record_has_one_spelling() -> None:
    assert canonical_json({'b': [1, None, True], 'a': 'ä'}) == '{"a":"\\u00e4","b":[1,null,true]}'
    assert digest_record({'a': 1}) == hashlib.sha256(b'{"a":1}').hexdigest()


@pytest.mark.skipif(os.name == 'nt', reason='links and permissions are another thing there')
def test_a_file_is_known_by_its_content_if_it_is_one_that_may_be_read(tmp_path: Path) -> None:
    file, link = tmp_path / 'file', tmp_path / 'link'
    file.write_bytes(b'content')
    link.symlink_to(file)
    digest = digest_bytes(b'content')
    assert is_file_with(file, digest) and not is_file_with(file, digest_bytes(b'other'))
    assert not any(is_file_with(path, digest) for path in (link, tmp_path, tmp_path / 'none', file / 'below'))
    file.chmod(0o044)
    assert not is_file_with(file, digest), 'though root could read it'


@pytest.mark.parametrize('size', [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_a_file_of_any_size_is_read_to_its_end(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / 'file').write_bytes(content)
    assert digest_file(tmp_path / 'file') == hashlib.sha256(content).hexdigest()


def test_files_and_bytes_have_their_sha256(tmp_path: Path):
    content = bytes(range(256)) * 10000
    (tmp_path / 'file').write_bytes(content)
    assert digest_file(tmp_path / 'file') == digest_bytes(content) == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize('size', [0, 1, 1 << 16, CHUNK - 1, CHUNK, CHUNK + 1])
def test_every_digest_is_sha256(size: int, tmp_path: Path):
    data = bytes(size)
    (tmp_path / 'file').write_bytes(data)
    expected = hashlib.sha256(data).hexdigest()
    assert [digest_bytes(data), digest_file(tmp_path / 'file'), sha256(data).hexdigest()] == [expected] * 3


def test_openssl_is_loaded_for_what_is_large(tmp_path: Path):
    (tmp_path / 'small').write_bytes(b'1')
    (tmp_path / 'large').write_bytes(bytes(1 << 16))
    program = ('import sys\nfrom emroot.hashing import digest_file\n'
               'for path in sys.argv[1:]:\n    print(digest_file(path), "_hashlib" in sys.modules)')
    files = [tmp_path / name for name in ('small', 'large', 'small')]
    ran = subprocess.run([sys.executable, '-c', program, *files], env=plain_environment(), text=True, capture_output=True,
                         check=True)
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    assert ran.stdout.split() == [digests[0], 'False', digests[1], 'True', digests[2], 'True']
