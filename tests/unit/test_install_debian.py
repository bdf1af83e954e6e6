"""`sdk install --from debian`: the machine's package sources, the index, and what an SDK is made of."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest
from support.running import cannot_run

from emroot.errors import SdkError, from_os_error
from emroot.hashing import digest_bytes
from emroot.host.home import Home
from emroot.sdk.installation import install
from emroot.sdk.providers import apt, deb_packages, debian
from emroot.sdk.providers.apt import Apt, AptSource, debian_sources, parse_deb822, parse_one_line
from emroot.sdk.providers.apt_index import Package, PackageIndex
from emroot.sdk.steps import failure, silent

KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

DEB822 = f'''
# comment
Types: deb deb-src
# another
URIs: http://deb.example/debian http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: {KEYRING}

Types: deb
Enabled: no
URIs: http://disabled.example/debian
Suites: bookworm
Components: main

types: deb
uris: https://inline.example/apt
suites: stable
components: main
signed-by:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEZ
 -----END PGP PUBLIC KEY BLOCK-----
'''


def test_deb822_sources_keep_address_and_key() -> None:
    first, second, inline = parse_deb822(DEB822)
    assert (first.uri, second.uri) == ('http://deb.example/debian', 'http://mirror.example/debian')
    assert first.suites == ('bookworm', 'bookworm-updates')
    assert first.components == ('main', 'contrib')
    assert first.options == {'Signed-By': KEYRING}
    assert inline.options['Signed-By'].splitlines() == [
        '', ' -----BEGIN PGP PUBLIC KEY BLOCK-----', ' .', ' mDMEZ', ' -----END PGP PUBLIC KEY BLOCK-----']


def test_one_line_sources_keep_address_and_key() -> None:
    text = f'''# deb http://no.example/debian bookworm main
deb [arch=amd64 signed-by={KEYRING} trusted=yes] http://deb.example/debian bookworm main contrib # why
deb-src http://deb.example/debian bookworm main
  deb http://plain.example/debian/ trixie main
'''
    assert list(parse_one_line(text)) == [
        AptSource(uri='http://deb.example/debian', suites=('bookworm',), components=('main', 'contrib'),
                  options={'Signed-By': KEYRING, 'Trusted': 'yes'}),
        AptSource(uri='http://plain.example/debian/', suites=('trixie',), components=('main',)),
    ]


def source(uri: str, *suites: str, component: str = 'main', key: str = '') -> AptSource:
    """An archive."""
    return AptSource(uri=uri, suites=suites, components=(component,), options={'Signed-By': key} if key else {})


def test_debians_own_archive_comes_first_and_others_not_at_all() -> None:
    mine = source('http://mirror.example/apt', 'bookworm')
    real = source('http://deb.example/debian', 'bookworm', 'bookworm-updates', key=KEYRING)
    others = [source('http://tool.example/debian', 'nodistro'), source('http://x.example/debian', 'bookworm-security'),
              source('http://docker.example/linux/debian', 'bookworm', component='stable'),
              source('cdrom:[Debian]/', 'bookworm'), source('http://deb.example/debian/', 'trixie')]
    assert debian_sources([mine, real, *others]) == [real, mine]


def test_apt_is_private_and_keeps_the_machines_hooks_out(tmp_path: Path) -> None:
    if apt.missing_tools():
        cannot_run('there is no apt')
    inline = next(s for s in parse_deb822(DEB822) if 'inline' in s.uri)
    Apt(tmp_path, inline, 'forky')
    said = subprocess.run(['apt-config', '-c', str(tmp_path / 'apt.conf'), 'dump'], capture_output=True, text=True,
                          check=True, env={**os.environ, 'LC_ALL': 'C'}).stdout
    assert f'Dir::State::status "{tmp_path}/state/status";' in said
    assert 'Post-Invoke::' not in said and 'Post-Invoke-Success::' not in said
    assert 'APT::Sandbox::User "root";' in said
    written = (tmp_path / 'sources/emroot.sources').read_text()
    assert list(parse_deb822(written)) == [AptSource(uri=inline.uri, suites=('forky',), components=('main',),
                                                     options=inline.options)]
    assert 'Architectures: ' in written


def stanza(name: str, depends: str = '', version: str = '1.0-1', **more: str) -> str:
    """A package of an index."""
    fields = {'Package': name, 'Version': version, 'Depends': depends, 'Filename': f'pool/{name}_1.0-1_amd64.deb',
              'Size': '5', 'SHA256': digest_bytes(name.encode()), **more}
    return ''.join(f'{key}: {value}\n' for key, value in fields.items() if value)


INDEX = PackageIndex('\n'.join([
    stanza('emscripten', 'binaryen (>= 131~), ccache, clang-21, nodejs (>= 18), python3:any, node-acorn',
           version='6.0.5+dfsg+~1.41.5-2'),
    stanza('binaryen', 'libc6 (>= 2.38), libz3'),
    stanza('clang-21', 'libllvm21 (= 1), libstdc++-16-dev, libc6-dev, binutils', version='1:21.1.8-13'),
    stanza('libllvm21', 'libc6 | libc6-alternative, libedit9 | libedit2', **{'Pre-Depends': 'multi (>= 1)'}),
    stanza('libz3-4', 'libc6', Provides='libz3 (= 4), z3'),
    *(stanza(name) for name in ('libc6', 'libedit2', 'multi', 'ccache', 'nodejs', 'python3', 'libstdc++-16-dev',
                                'libc6-dev', 'binutils', 'unrelated', 'node-acorn', 'libc6-alternative')),
]).encode())


def test_the_closure_is_what_a_cross_compiler_needs() -> None:
    assert [p.name for p in INDEX.closure('emscripten')] == [
        'binaryen', 'clang-21', 'emscripten', 'libc6', 'libedit2', 'libllvm21', 'libz3-4', 'multi', 'node-acorn']


@pytest.mark.parametrize(('version', 'upstream'), [
    ('6.0.5+dfsg+~1.41.5-2', '6.0.5'), ('3.1.69+dfsg-3', '3.1.69'), ('1:21.1.8-13', '21.1.8'), ('7.0~rc1', '7.0')])
def test_the_upstream_version_of_a_package(version: str, upstream: str) -> None:
    package = PackageIndex(stanza('a', version=version).encode()).get('a')
    assert package is not None and package.upstream == upstream


def suites(monkeypatch: pytest.MonkeyPatch, **versions: str | SdkError) -> list[str]:
    """Stand in for the archive: the version of emscripten in each suite. Returns those that were opened."""
    opened: list[str] = []

    def opening(directory: Path, suite: str, dates: Path) -> tuple[None, PackageIndex]:
        opened.append(suite)
        there = versions[suite]
        if isinstance(there, SdkError):
            raise there
        return None, PackageIndex(stanza('emscripten', version=there).encode())
    monkeypatch.setattr(debian, 'open_suite', opening)
    monkeypatch.setattr(debian.DebianProvider, 'unusable', lambda self, version: None)
    return opened


@pytest.mark.parametrize(('wanted', 'got', 'opened'), [
    (None, '6.0.7', ['forky']), ('latest', '6.0.7', ['forky']), ('6', '6.0.7', ['forky']),
    ('6.0.7', '6.0.7', ['forky']), ('3.1.69', '3.1.69', ['trixie']), ('3.1', '3.1.69', ['trixie'])])
def test_the_suite_is_chosen_by_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wanted: str | None, got: str,
                                        opened: list[str]) -> None:
    asked = suites(monkeypatch, forky='6.0.7+dfsg-1', trixie='3.1.69+dfsg-3')
    assert debian.DebianProvider(tmp_path).choose(wanted, tmp_path, silent).version == got
    assert asked == opened


def test_an_unknown_version_names_what_there_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    suites(monkeypatch, forky='6.0.7+dfsg-1', trixie='3.1.69+dfsg-3')
    with pytest.raises(SdkError, match=r'no Emscripten 4\.0, but 6\.0\.7 \(forky\), 3\.1\.69 \(trixie\)'):
        debian.DebianProvider(tmp_path).choose('4.0', tmp_path, silent)


def test_an_archive_without_the_newer_suite_has_the_older(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    suites(monkeypatch, forky=SdkError('gone'), trixie='3.1.69+dfsg-3')
    provider = debian.DebianProvider(tmp_path)
    assert provider.choose(None, tmp_path, silent).version == '3.1.69'
    with pytest.raises(SdkError, match=r'but 3\.1\.69 \(trixie\) \(forky: gone\)'):
        provider.choose('6', tmp_path, silent)


def test_an_archive_that_cannot_be_reached_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    suites(monkeypatch, forky=SdkError('no route'), trixie=SdkError('no route'))
    with pytest.raises(SdkError, match='no route') as raised:
        debian.DebianProvider(tmp_path).choose(None, tmp_path, silent)
    assert 'apt-get update' in raised.value.hint


def test_a_machine_without_apt_is_told_so(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('PATH', '')
    with pytest.raises(SdkError, match='Debian packages are not available') as raised:
        install(home, source='debian')
    assert '--from emsdk' in raised.value.hint


class FakeApt:
    """Writes the packages it is asked for, but for those that `fails` names."""

    def __init__(self, fails: str = '') -> None:
        self.fails, self.asked = fails, list[str]()

    def start_download(self, packages: list[str], into: Path) -> subprocess.Popen[bytes]:
        """As `Apt` does, in a process that ends at once."""
        names = [p.partition('=')[0] for p in packages]
        self.asked += names
        for name in names:
            if name != self.fails:
                (into / f'{name}_1.0-1_amd64.deb').write_bytes(name.encode())
        return subprocess.Popen(['true'], stderr=subprocess.PIPE)


def wanted() -> list[Package]:
    """Two packages."""
    return [p for name in ('libc6', 'multi') if (p := INDEX.get(name))]


def test_packages_that_arrived_are_kept_for_the_next_try(tmp_path: Path) -> None:
    broken, whole = FakeApt(fails='multi'), FakeApt()
    with pytest.raises(SdkError, match='multi could not be downloaded') as raised:
        deb_packages.get_debs(broken, wanted(), tmp_path / 'one', tmp_path / 'shelf', silent)  # type: ignore[arg-type]
    assert 'are kept' in raised.value.hint
    got = deb_packages.get_debs(whole, wanted(), tmp_path / 'two', tmp_path / 'shelf', silent)  # type: ignore[arg-type]
    assert whole.asked == ['multi']
    assert [p.read_bytes() for p in got] == [b'libc6', b'multi']
    deb_packages.forget_debs(wanted(), tmp_path / 'shelf')
    assert list((tmp_path / 'shelf').iterdir()) == []


def test_a_spoilt_package_on_the_shelf_is_not_used(tmp_path: Path) -> None:
    (tmp_path / 'shelf').mkdir()
    (tmp_path / 'shelf/libc6_1.0-1_amd64.deb').write_bytes(b'spoilt')
    apt = FakeApt()
    got = deb_packages.get_debs(apt, wanted(), tmp_path / 'in', tmp_path / 'shelf', silent)  # type: ignore[arg-type]
    assert apt.asked == ['libc6', 'multi'] and got[0].read_bytes() == b'libc6'


@pytest.mark.parametrize(('script', 'runs'), [
    ('"$(readlink -f $0).py"', 'emcc.py'), ('"$(readlink -f $(dirname $0)/tools/em-nm).py"', 'tools/em-nm.py'),
    ('"$(dirname $0)/tools/emdwp.py"', 'tools/emdwp.py'), ('"$(dirname "$(readlink -f "$0")")/emcc.py"', 'emcc.py')])
def test_commands_work_through_links_and_below_a_space(tmp_path: Path, script: str, runs: str) -> None:
    tree = tmp_path / 'my tree'
    (tree / 'usr/bin').mkdir(parents=True)
    (root := tree / 'usr/share/emscripten').mkdir(parents=True)
    (root / 'emcc').write_text(f'#!/bin/sh\nexec echo run {script} "$@"\n')
    (root / 'emcc').chmod(0o755)
    (tree / 'usr/bin/emcc').symlink_to('../share/emscripten/emcc')
    debian._fix_root(tree)
    said = subprocess.run([tree / 'usr/bin/emcc', '-c'], capture_output=True, text=True, check=True).stdout
    assert said == f'run {root}/{runs} -c\n'


def test_the_tree_works_without_any_variable(tmp_path: Path) -> None:
    """JavaScript modules lie where Node looks, and commands that name the system's location name their own."""
    root = tmp_path / 'usr/share/emscripten'
    for directory in (root, tmp_path / 'usr/share/nodejs/acorn', tmp_path / 'usr/bin'):
        directory.mkdir(parents=True)
    wrapper = root / 'wrapper'
    wrapper.write_text('#!/bin/sh\nBASENAME=$(basename "$0")\nexec "/usr/share/emscripten/$BASENAME" "$@"\n')
    wrapper.chmod(0o755)
    (root / 'emcc').write_text('#!/bin/sh\necho "emcc $*"\n')
    (root / 'emcc').chmod(0o755)
    (tmp_path / 'usr/bin/emcc').symlink_to('../share/emscripten/wrapper')
    debian._fix_root(tmp_path)
    said = subprocess.run([tmp_path / 'usr/bin/emcc', 'a b'], capture_output=True, text=True, check=True).stdout
    assert said == 'emcc a b\n'
    assert (root / 'node_modules/acorn').is_dir() and not (root / 'node_modules').is_symlink()
    assert (tmp_path / 'usr/share/nodejs/acorn').is_dir()
    assert stat.S_IMODE(wrapper.stat().st_mode) == 0o755


def test_a_full_disk_met_by_a_program_is_one_met_by_us(tmp_path: Path) -> None:
    full = failure(b'dpkg-deb: error: write: No space left on device\n', tmp_path, 'it failed', hint='')
    other = failure(b'dpkg-deb: error: not a package\n', tmp_path, 'it failed', hint='get another')
    assert isinstance(full, OSError) and from_os_error(full, 'unpacking').exit_code == 6
    assert isinstance(other, SdkError) and other.exit_code == 3
