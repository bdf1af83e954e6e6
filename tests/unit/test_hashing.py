"""Canonical JSON: equal records, equal digests, in any process."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from emroot.hashing import canonical_json, digest_bytes, digest_file, digest_record

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


def test_files_and_bytes_have_their_sha256(tmp_path: Path):
    content = bytes(range(256)) * 10000
    (tmp_path / 'file').write_bytes(content)
    assert digest_file(tmp_path / 'file') == digest_bytes(content) == hashlib.sha256(content).hexdigest()
