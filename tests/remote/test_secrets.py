"""Encrypted servers that want to be told who asks: a real nginx, as a cache and in front of a real gRPC server.

What they want to hear comes from a variable or from a program, and is seen nowhere else.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from support.fake import make_program
from support.running import Emroot
from support.servers import Nginx, Tls, casd, nginx
from support.snapshots import archives, counts, seed

SECRET = 'very-secret-word'  # noqa: S105  # it opens nothing
TOKEN = f'Bearer {SECRET}'
SELECTION = ('--targets', 'libone,crt1,libcxx', '--json')
PLAIN = {'no_proxy': '127.0.0.1,localhost', 'EMROOT_REMOTE_WAIT': '60'}


@pytest.fixture(scope='module')
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Nginx, Path]]:
    """A server with a certificate of a private authority, and the file that has the authority's."""
    directory = tmp_path_factory.mktemp('tls')
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(directory / 'authority.pem'))
    issued = authority.issue_cert('localhost', '127.0.0.1')
    issued.private_key_pem.write_to_path(str(directory / 'key.pem'))
    for pem in issued.cert_chain_pems:
        pem.write_to_path(str(directory / 'certificate.pem'), append=True)
    tls = Tls(directory / 'certificate.pem', directory / 'key.pem', TOKEN)
    with casd(directory / 'casd') as port, nginx(directory / 'nginx', writes=True, tls=tls, grpc_behind=port) as web:
        yield web, directory / 'authority.pem'


@pytest.fixture(params=['https', 'grpcs'])
def remote(request: pytest.FixtureRequest, trusted: tuple[Nginx, Path]) -> str:
    return trusted[0].tls_url if request.param == 'https' else trusted[0].grpcs_url


@pytest.fixture
def trust(trusted: tuple[Nginx, Path]) -> dict[str, str]:
    return {**PLAIN, 'SSL_CERT_FILE': str(trusted[1])}


@pytest.fixture
def helper(tmp_path: Path) -> Path:
    """A credential helper that notes what it is asked."""
    return make_program(
        tmp_path / 'helper', f'#!{sys.executable}\nimport json, pathlib, sys\nasked = json.load(sys.stdin)\n'
        f'pathlib.Path({str(tmp_path / "asked")!r}).open("a").write(json.dumps([sys.argv[1:], asked]) + "\\n")\n'
        f'sys.stderr.write({TOKEN!r})\nprint(json.dumps({{"headers": {{"Authorization": [{TOKEN!r}]}}}}))\n')


def _fresh(fake: Emroot, directory: Path) -> Emroot:
    seed(directory, fake.home, link=False)
    return Emroot(directory, fake.sdk)


def _traces(top: Path) -> list[Path]:
    """Files below `top` in which the secret stands."""
    return [path for path in top.rglob('*') if path.is_file() and SECRET.encode() in path.read_bytes()]


def test_a_private_authority_and_a_token_open_it_and_are_seen_nowhere(fake: Emroot, remote: str, trust: dict[str, str],
                                                                    tmp_path: Path):
    told = {**trust, 'EMROOT_REMOTE_HEADER': f'Authorization: {TOKEN}'}
    said = []
    for name, address in (('one', f'rw+{remote}'), ('two', remote)):
        ran = _fresh(fake, tmp_path / name)('-v', 'build', *SELECTION, '--features', 'wasm64',  # which no other test sends
                                            '--remote', address, '--trace', tmp_path / f'{name}.json', env=told)
        assert ran.code == 0 and 'warning' not in ran.err, ran.err
        said.append(ran)
    assert said[0].json['remote']['sent'] == 3 and counts(said[1].json) == (0, 5)
    assert archives(Path(said[0].json['cache'])) == archives(Path(said[1].json['cache']))
    assert SECRET not in ''.join(ran.out + ran.err for ran in said) and _traces(tmp_path) == []


def test_a_helper_is_asked_once_and_only_for_what_is_missing(fake: Emroot, remote: str, trust: dict[str, str], helper: Path,
                                                             tmp_path: Path):
    env = {**trust, 'EMROOT_CREDENTIAL_HELPER': str(helper)}
    machine = _fresh(fake, tmp_path / 'one')
    assert machine('build', *SELECTION, env=PLAIN).code == 0
    assert machine('build', *SELECTION, '--remote', remote, env=env).code == 0 and not (tmp_path / 'asked').exists()
    ran = machine('-v', 'publish', remote, *SELECTION, env=env)
    assert ran.code == 0, ran.err
    other = _fresh(fake, tmp_path / 'other')
    ran = other('-v', 'build', *SELECTION, '--remote', remote, env=env)
    assert counts(ran.json) == (0, 5) and SECRET not in ran.out + ran.err
    asked = [json.loads(line) for line in (tmp_path / 'asked').read_text().splitlines()]
    assert asked == [[['get'], {'uri': remote.replace('grpcs', 'https')}]] * 2
    helper.unlink()
    assert _traces(tmp_path) == []


def test_without_trust_or_with_another_word_it_is_a_warning_and_a_build(fake: Emroot, remote: str, trust: dict[str, str],
                                                                       tmp_path: Path):
    told = {'EMROOT_REMOTE_HEADER': f'Authorization: {TOKEN}'}
    cases = [({**PLAIN, **told}, 0, 'it'), (trust, 7, 'EMROOT_REMOTE_HEADER'),
             ({**trust, 'EMROOT_REMOTE_HEADER': f'Authorization: {TOKEN}x'}, 7, 'EMROOT_REMOTE_HEADER')]
    for number, (env, code, says) in enumerate(cases):
        ran = _fresh(fake, tmp_path / str(number))('build', *SELECTION, '--remote', f'rw+{remote}', env=env)
        assert (ran.code, counts(ran.json)) == (code, (5, 0)), ran.err
        assert ran.err.count('warning') == 1 and says in ran.err and SECRET not in ran.err, ran.err


@pytest.mark.parametrize(('text', 'says'), [
    ('exit 3', 'exit code 3'), ('echo no json', 'gives no valid answer'),
    ('echo \'{"headers": {"A b": ["x"]}}\'', 'no valid answer'),
    ('echo \'{"headers": {"Authorization": "x"}}\'', 'no valid answer'),
    (None, 'is not a program')])
def test_a_helper_that_does_not_help_costs_a_warning(fake: Emroot, trusted: tuple[Nginx, Path], tmp_path: Path, text: str | None,
                                                     says: str):
    program = tmp_path / 'helper'
    if text:
        program.write_text(f'#!/bin/sh\necho {SECRET} >&2\n{text}\n')
        program.chmod(0o755)
    ran = fake('-v', 'build', *SELECTION, '--remote', trusted[0].url, env={**PLAIN, 'EMROOT_CREDENTIAL_HELPER': str(program)})
    assert ran.code == 0 and ran.err.count('warning') == 1 and says in ran.err and SECRET not in ran.err, ran.err


def test_a_server_that_takes_nothing_costs_a_warning(fake: Emroot, tmp_path: Path):
    with nginx(tmp_path / 'static') as web:
        ran = fake('build', *SELECTION, '--remote', f'rw+{web.url}', env=PLAIN)
        assert ran.code == 0 and ran.err.count('warning') == 1 and 'it answers 405' in ran.err, ran.err
        shutil.rmtree(ran.json['cache'])
        assert fake('build', *SELECTION, '--remote', web.url, env=PLAIN).err.count('warning') == 0
