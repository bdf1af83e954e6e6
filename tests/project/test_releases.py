"""The list of official releases is renewed by emsdk's."""

from __future__ import annotations

import json

import pytest

from dev.releases import RELEASES, merge, revisions, written

EMSDK = '''# DO NOT MODIFY
EMSCRIPTEN_TAGS = {
    "6.0.10": struct(hash = "h10", sha_linux = "l", sha_linux_arm64 = "la", sha_mac = "m", sha_mac_arm64 = "ma", sha_win = "w"),
    "6.0.9": struct(
        hash = "h9",
        sha_linux = "l9",
    ),
    "2.0.1": struct(hash = "old"),
}
'''
NEW = {'hash': 'h10', 'linux': 'l', 'linux-arm64': 'la', 'mac': 'm', 'mac-arm64': 'ma', 'win': 'w'}


def test_what_is_new_comes_first_and_what_is_too_old_not_at_all() -> None:
    known = {'6.0.9': {'hash': 'h9', 'linux': 'l9'}, '3.1.69': {'hash': 'oldest'}}
    assert merge(known, revisions(EMSDK)) == ['6.0.10']
    assert list(known) == ['6.0.10', '6.0.9', '3.1.69']
    assert known['6.0.10'] == NEW
    assert merge(known, revisions(EMSDK)) == []


def test_a_known_release_with_another_digest_is_an_error() -> None:
    with pytest.raises(SystemExit, match=r'other digests than before for 6\.0\.9'):
        merge({'6.0.9': {'hash': 'h9', 'linux': 'another'}}, revisions(EMSDK))


def test_the_list_is_written_as_it_is() -> None:
    text = RELEASES.read_text(encoding='utf-8')
    assert written(json.loads(text)) == text
