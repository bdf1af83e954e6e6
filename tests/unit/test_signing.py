"""Signatures on what a remote has: who publishes for everybody is told from whoever can only write there."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support.remotes import PLAIN, TARGETS, remote_cache
from support.running import Emroot, Ran, cannot_run
from support.snapshots import archives, counts

from emroot.errors import UsageError
from emroot.remote.action_cache import decode_record, encode_record, record_name, signed_parts
from emroot.remote.signing import Keys, read_keys, sign

KEYGEN = shutil.which('ssh-keygen') or ''
SELECTION = ('--targets', ','.join(TARGETS), '--json')


def _has_name() -> bool:
    try:
        import pwd
    except ImportError:  # on Windows every user has one
        return True
    try:
        return bool(pwd.getpwuid(os.getuid()))
    except KeyError:
        return False


def a_key(directory: Path, passphrase: str = '') -> Path:
    """A private key; the public one lies beside it."""
    if not KEYGEN:
        cannot_run('there is no ssh-keygen: install OpenSSH (openssh-client on Debian)')
    if not _has_name():
        cannot_run('ssh-keygen makes no keys for a user without a name')
    subprocess.run([KEYGEN, '-q', '-t', 'ed25519', '-N', passphrase, '-C', 'tests', '-f', str(directory)], check=True)
    return directory


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return a_key(tmp_path / 'key')


@pytest.fixture
def public(fake: Emroot, key: Path, tmp_path: Path) -> Path:
    """A directory with three libraries that are signed."""
    assert fake('publish', tmp_path / 'public', '--sign', key, *SELECTION).json == {
        'place': str(tmp_path / 'public'), 'published': 3, 'records': 3}
    return tmp_path / 'public'


def build(emroot: Emroot, remote: object, key: object, **env: str) -> Ran:
    """With a key that has to have signed what is taken."""
    ran = emroot('build', *SELECTION, '--remote', remote, '--remote-key', key, env={**PLAIN, **env})
    assert ran.code == 0, ran.err
    return ran


def refused(ran: Ran) -> int:
    """How many records were not taken; each costs compiles and all together one warning."""
    unsigned = ran.json['remote']['unsigned']
    assert ran.err.count('warning') == bool(unsigned) and f'{unsigned} of its records are not signed' in ran.err
    return int(unsigned)


def test_what_is_signed_is_taken_by_those_who_ask_for_it_and_by_those_who_do_not(public: Path, other: Emroot, key: Path):
    taken = build(other, public, f'{key}.pub')
    assert counts(taken.json) == (0, 5) and taken.json['remote']['unsigned'] == 0 and 'warning' not in taken.err
    again = other.machine(other.home.parent / 'third')
    assert counts(again('build', *SELECTION, '--remote', public).json) == (0, 5)


@pytest.mark.parametrize('signed_by', ['another', 'nobody'])
def test_what_another_signed_or_nobody_is_built_here(fake: Emroot, other: Emroot, key: Path, tmp_path: Path, signed_by: str):
    signing = ['--sign', a_key(tmp_path / 'another')] if signed_by == 'another' else []
    assert fake('publish', tmp_path / 'public', *signing, *SELECTION).code == 0
    ran = build(other, tmp_path / 'public', f'{key}.pub')
    assert refused(ran) == 3 and counts(ran.json) == (5, 0) and ran.json['remote']['fetched'] == 0


def forge(name: Path, change: str, key: str, others: bytes) -> None:
    """Spoil the record of crt1 without having the key."""
    text, signature = signed_parts(name.read_bytes())
    record = decode_record(name.read_bytes(), 'archive', key)
    assert text and signature
    if change == 'another file':
        record = {**record, 'digest': '0' * 64}
    elif change == "another's signature":
        signature = signed_parts(others)[1]
    elif change == 'a signature that is none':
        signature = b'yes, it is'
    elif change == 'two texts':
        named = encode_record({**record, 'digest': '0' * 64}, 'archive', key)
        name.write_bytes(named + name.read_bytes())
        return
    name.write_bytes(encode_record(record, 'archive', key, signature))


@pytest.mark.parametrize('change', ['another file', "another's signature", 'a signature that is none', 'two texts'])
def test_a_forged_record_is_not_taken(public: Path, fake: Emroot, other: Emroot, key: Path, change: str):
    keys = {target: fake('explain', f'wasm32/{target}', '--json').json['key'] for target in ('crt1', 'libone')}
    names = {target: public / record_name('archive', each) for target, each in keys.items()}
    forge(names['crt1'], change, keys['crt1'], names['libone'].read_bytes())
    ran = build(other, public, f'{key}.pub')
    assert refused(ran) == 1 and ran.json['remote']['fetched'] == 2
    assert archives(Path(ran.json['cache'])) == archives(Path(fake('build', *SELECTION).json['cache']))


def test_a_signature_for_something_else_is_none(key: Path, tmp_path: Path):
    """Of a commit, a file, or whatever else the key signs."""
    keys = read_keys(f'{key}.pub')
    (text := tmp_path / 'text').write_bytes(b'{}')
    assert keys.verify(b'{}', sign(key, [b'{}'])[0])
    subprocess.run([KEYGEN, '-q', '-Y', 'sign', '-f', key, '-n', 'file', text], check=True, capture_output=True)
    assert not keys.verify(b'{}', Path(f'{text}.sig').read_bytes())
    assert not keys.verify(b'{ }', sign(key, [b'{}'])[0])


def test_signing_what_is_there_already_signs_it_and_storing_it_again_does_not_take_that_away(
        fake: Emroot, other: Emroot, key: Path, tmp_path: Path):
    public = tmp_path / 'public'
    for signing in ([], ['--sign', key], []):
        assert fake('publish', public, *signing, *SELECTION).code == 0
    assert counts(build(other, public, f'{key}.pub').json) == (0, 5)


def _web(public: Path) -> dict[str, bytes]:
    return {f'/cache/{path.relative_to(public).as_posix()}': path.read_bytes() for path in public.rglob('*') if path.is_file()}


def test_a_web_server_that_can_only_store_cannot_say_who_made_it(public: Path, fake: Emroot, other: Emroot, key: Path):
    with remote_cache(files=_web(public)) as cache:
        assert counts(build(other, cache.url, f'{key}.pub').json) == (0, 5)
        shutil.rmtree(other.home)
        signed = dict(cache.files)
        cache.files.clear()
        assert fake('publish', cache.url, '--targets', 'crt1', env=PLAIN).code == 0  # somebody with the right to write there
        assert any(signed[path] != content for path, content in cache.files.items())
        cache.files.update({path: content for path, content in signed.items() if path not in cache.files})
        assert refused(build(other, cache.url, f'{key}.pub')) == 1


def test_the_key_may_be_given_as_text_in_a_variable_and_several_in_a_file(public: Path, other: Emroot, key: Path, tmp_path: Path):
    text = Path(f'{key}.pub').read_text()
    asked = {**PLAIN, 'EMROOT_REMOTE_KEY': text.strip()}
    assert counts(other('build', *SELECTION, '--remote', public, env=asked).json) == (0, 5)
    second = Path(f'{a_key(tmp_path / "second")}.pub').read_text()
    (keys := tmp_path / 'keys').write_text(f'# ours\n{second}{text}')
    assert read_keys('keys', tmp_path).lines[1] == ' '.join(text.split()[:2])
    third = other.machine(tmp_path / 'third')
    assert counts(build(third, public, keys).json) == (0, 5)


def test_a_project_may_name_the_key_of_its_remote_and_the_user_another(public: Path, other: Emroot, key: Path, tmp_path: Path):
    project = tmp_path / 'project'
    project.mkdir()
    shutil.copy(f'{a_key(tmp_path / "theirs")}.pub', project / 'theirs.pub')
    (project / 'emroot.toml').write_text(f'remote = "{public}"\nremote-key = "theirs.pub"\n')
    trusted = {**PLAIN, 'EMROOT_TRUST': '1'}
    assert refused(other('build', *SELECTION, cwd=project, env=trusted)) == 3
    shutil.copy(f'{key}.pub', project / 'theirs.pub')
    third = other.machine(tmp_path / 'third')
    assert counts(third('build', *SELECTION, cwd=project, env=trusted).json) == (0, 5)
    strict = other.machine(tmp_path / 'fourth')
    asked = {**trusted, 'EMROOT_REMOTE_KEY': f'{tmp_path / "theirs"}.pub'}
    assert refused(strict('build', *SELECTION, cwd=project, env=asked)) == 3


def test_what_came_without_a_key_does_not_count_for_a_project_that_asks_for_one(fake: Emroot, other: Emroot, key: Path,
                                                                                tmp_path: Path):
    assert fake('publish', tmp_path / 'public', *SELECTION).code == 0
    project = tmp_path / 'project'
    project.mkdir()
    (project / 'emroot.toml').write_text(f'remote = "{tmp_path / "public"}"\n')
    trusted = {**PLAIN, 'EMROOT_TRUST': '1'}
    assert counts(other('build', *SELECTION, cwd=project, env=trusted).json) == (0, 5)
    (project / 'emroot.toml').write_text(f'remote = "{tmp_path / "public"}"\nremote-key = "{key}.pub"\n')
    assert refused(other('build', *SELECTION, cwd=project, env=trusted)) == 3


@pytest.mark.parametrize(('options', 'said'), [
    (('publish', 'public', '--sign', 'nothing'), 'there is no key'),
    (('publish', 'public', '--sign', 'lonely.pub'), 'cannot sign with'),
    (('publish', 'public', '--sign', 'locked'), 'cannot sign with'),
    (('build', '--remote', 'public', '--remote-key', 'nothing.pub'), 'cannot be read'),
    (('build', '--remote', 'public', '--remote-key', 'key'), 'is not an OpenSSH public key'),
])
def test_a_key_that_is_none_is_usage(fake: Emroot, key: Path, tmp_path: Path, options: tuple[str, ...], said: str):
    a_key(tmp_path / 'locked', 'a passphrase')
    shutil.copy(f'{key}.pub', tmp_path / 'lonely.pub')
    ran = fake(*options, '--targets', 'crt1', cwd=tmp_path, env={'SSH_AUTH_SOCK': '', 'SSH_ASKPASS_REQUIRE': 'never'})
    assert ran.code == 2 and said in ran.err and 'hint:' in ran.err and 'BEGIN' not in ran.err


def test_without_openssh_nothing_is_believed(fake: Emroot, key: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv('PATH', '')
    with pytest.raises(UsageError, match='ssh-keygen') as raised:
        read_keys(f'{key}.pub')
    assert 'OpenSSH 8.1' in raised.value.hint
    assert not Keys(('ssh-ed25519 AAAA',), '/bin/true').verify(b'x', b'')
