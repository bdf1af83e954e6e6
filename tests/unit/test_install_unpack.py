"""Archives from elsewhere: what is in them arrives, and nothing arrives outside."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.disks import disk

from emroot.errors import SdkError
from emroot.sdk.extraction import _SafeExtractor, untar, unzip


def a_tar(path: Path, *members: tarfile.TarInfo) -> Path:
    """An xz-compressed tar file; regular files hold their own name."""
    with tarfile.open(path, 'w:xz') as tar:
        for member in members:
            content = member.name.encode() if member.isreg() else b''
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = '', mode: int = 0o644) -> tarfile.TarInfo:
    """One entry of a tar file."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, mode
    return info


def a_zip(path: Path, *names: str, link: tuple[str, str] | None = None) -> Path:
    """A zip file whose members hold their own names."""
    with zipfile.ZipFile(path, 'w') as f:
        for name in names:
            f.writestr(name, name)
        if link:
            info = zipfile.ZipInfo(link[0])
            info.external_attr = 0o120777 << 16
            f.writestr(info, link[1])
    return path


def test_a_tar_keeps_modes_links_and_tells_its_progress(tmp_path: Path) -> None:
    archive = a_tar(tmp_path / 'a.tar.xz', member('install/bin/clang', mode=0o755),
                    member('install/bin/clang++', tarfile.SYMTYPE, 'clang'),
                    member('install/bin/again', tarfile.LNKTYPE, 'install/bin/clang', mode=0o755))
    told: list[tuple[str, int, int | None]] = []
    untar(archive, tmp_path / 'out', what='unpacking', report=lambda *said: told.append(said))
    tools = tmp_path / 'out/install/bin'
    assert os.access(tools / 'clang', os.X_OK)
    assert os.readlink(tools / 'clang++') == 'clang'
    assert (tools / 'again').read_text() == 'install/bin/clang'
    assert told[-1] == ('unpacking', archive.stat().st_size, archive.stat().st_size)


@pytest.mark.parametrize('hostile', [
    member('../evil'), member('install/../../evil'), member('install/link', tarfile.SYMTYPE, '../../evil'),
    member('install/link', tarfile.SYMTYPE, '/etc/passwd'), member('install/hard', tarfile.LNKTYPE, '../evil'),
    member('install/device', tarfile.CHRTYPE), member('/etc/evil'),
    member('install/link', tarfile.SYMTYPE, 'no/../../../evil'),
    member('install/hard', tarfile.LNKTYPE, '/etc/passwd'), member('install/pipe', tarfile.FIFOTYPE),
    member('install/link', tarfile.SYMTYPE, 'no/../here'),
], ids=lambda m: f'{m.name}:{m.linkname}')
def test_a_hostile_tar_member_is_refused(tmp_path: Path, hostile: tarfile.TarInfo) -> None:
    archive = a_tar(tmp_path / 'a.tar.xz', hostile)
    with pytest.raises(SdkError, match='refused') as raised:
        untar(archive, tmp_path / 'in/out')
    assert 'do not trust' in raised.value.hint
    assert not (tmp_path / 'evil').exists() and not (tmp_path / 'in/evil').exists()


def named(name: str, link: str = '') -> tarfile.TarInfo:
    """One with a name (or a target) that only an extended header can hold."""
    info = member('install/x', tarfile.SYMTYPE if link else tarfile.REGTYPE)
    info.pax_headers = {'linkpath': link, 'path': 'install/x'} if link else {'path': name}
    return info


@pytest.mark.parametrize('members', [
    [named('install/e\0vil')], [named('install/x', link='e\0vil')], [member('install/' + 'x' * 5000)],
    [member('install/a/b'), member('install/a')], [member('install/a'), member('install/a/b')],
    [member('install/a'), member('install/a', tarfile.DIRTYPE)], [member('install/hard', tarfile.LNKTYPE, 'install/nothing')],
], ids=['null', 'null in a link', 'long', 'file over directory', 'below a file', 'directory over file', 'link to nothing'])
def test_a_tar_that_cannot_be_unpacked_anywhere_is_to_blame_itself(tmp_path: Path, members: list[tarfile.TarInfo]) -> None:
    with pytest.raises(SdkError) as raised:
        untar(a_tar(tmp_path / 'a.tar.xz', *members), tmp_path / 'out')
    assert 'a.tar.xz' in raised.value.message and raised.value.hint


def test_a_zip_whose_content_is_damaged_encrypted_or_links_to_no_name_is_to_blame_itself(tmp_path: Path) -> None:
    def bad(change: Callable[[bytearray], object], name: str = 'a', **more: object) -> Path:
        path = tmp_path / 'a.zip'
        with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as f:
            info = zipfile.ZipInfo(name)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, int(str(more.get('mode', 0o100644))) << 16
            f.writestr(info, more.get('content', b'x' * 1000))  # type: ignore[arg-type]
        data = bytearray(path.read_bytes())
        change(data)
        path.write_bytes(data)
        return path

    def encrypted(data: bytearray) -> None:
        for sign, at in ((b'PK\3\4', 6), (b'PK\1\2', 8)):
            data[data.index(sign) + at] |= 1
    for path in (bad(lambda data: data.__setitem__(31, 255)), bad(encrypted),
                 bad(lambda _: None, mode=0o120777, content=b'\xff\xfe')):
        with pytest.raises(SdkError, match=r'a\.zip cannot be unpacked') as raised:
            unzip(path, tmp_path / 'out')
        assert raised.value.hint


def test_nothing_is_written_through_a_link_that_was_there_before(tmp_path: Path) -> None:
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/way').symlink_to(tmp_path)
    with pytest.raises(SdkError, match='refused'):
        untar(a_tar(tmp_path / 'a.tar.xz', member('way/evil')), tmp_path / 'out')
    assert not (tmp_path / 'evil').exists()


@pytest.mark.parametrize('hostile', ['../evil', 'a/../../evil', '/evil', '\\evil', '..\\evil', 'C:/evil', 'C:\\evil'])
def test_a_hostile_zip_member_is_refused(tmp_path: Path, hostile: str) -> None:
    archive = a_zip(tmp_path / 'a.zip', hostile)
    with pytest.raises(SdkError, match='leads outside of the target'):
        unzip(archive, tmp_path / 'in/out')
    assert list((tmp_path).rglob('*evil*')) == []


def test_a_hostile_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    archive = a_zip(tmp_path / 'a.zip', link=('bin/link', '../../evil'))
    with pytest.raises(SdkError, match='leads outside of the target'):
        unzip(archive, tmp_path / 'out')


def test_a_zip_keeps_its_links_and_leaves_out_what_is_not_wanted(tmp_path: Path) -> None:
    archive = a_zip(tmp_path / 'a.zip', 'bin/node', 'include/v8.h', link=('bin/nodejs', 'node'))
    unzip(archive, tmp_path / 'out', keep=lambda name: name.startswith('bin/'))
    assert sorted(p.name for p in (tmp_path / 'out').rglob('*')) == ['bin', 'node', 'nodejs']
    assert (tmp_path / 'out/bin/nodejs').read_text() == 'bin/node'


@pytest.mark.parametrize('unpack', [untar, unzip])
def test_a_damaged_archive_is_an_error_with_a_mend(tmp_path: Path, unpack: Callable[[Path, Path], None]) -> None:
    many = [f'file{n}' for n in range(200)]
    whole = a_tar(tmp_path / 'a', *map(member, many)) if unpack is untar else a_zip(tmp_path / 'a', *many)
    whole.write_bytes(whole.read_bytes()[:whole.stat().st_size // 2])
    with pytest.raises(SdkError, match='cannot be unpacked') as raised:
        unpack(whole, tmp_path / 'out')
    assert raised.value.hint


@settings(max_examples=40)
@given(st.text(alphabet='ab./\\: ', min_size=1, max_size=12))
def test_no_zip_member_ever_lands_outside(name: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        top = Path(directory)
        archive = a_zip(top / 'archive.zip', name)
        with contextlib.suppress(SdkError, OSError):
            unzip(archive, top / 'out')
        outside = [p for p in top.rglob('*') if p != archive and not p.is_relative_to(top / 'out')]
        assert outside == []


#: What is compressed, and long.
NUMBERS = ' '.join(map(str, range(200_000))).encode()
FILE, FOLDER = member('install/bin'), member('install/bin/clang')


@pytest.mark.parametrize('members', [
    (FILE, FOLDER), (FOLDER, FILE),
    (FILE, member('install/bin/', tarfile.DIRTYPE)), (member('install/bin/', tarfile.DIRTYPE), FILE),
    (FILE, member('install/bin/link', tarfile.SYMTYPE, 'clang')),
], ids=lambda members: ','.join(each.name for each in members))
def test_members_in_the_way_of_each_other_are_told_of(tmp_path: Path, members: tuple[tarfile.TarInfo, ...]) -> None:
    with pytest.raises(SdkError, match=r"a\.tar\.xz cannot be unpacked: its member 'install/bin.* in conflict") as raised:
        untar(a_tar(tmp_path / 'a.tar.xz', *members), tmp_path / 'out')
    assert raised.value.hint


def test_a_zip_whose_file_is_a_directory_later_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(SdkError, match='in conflict with another'):
        unzip(a_zip(tmp_path / 'a.zip', 'bin', 'bin/node'), tmp_path / 'out')


def test_names_that_are_too_long_are_told_of_with_what_helps(tmp_path: Path) -> None:
    deep = '/'.join(['z' * 200] * (40 if os.name != 'nt' else 1))
    for archive, unpack in ((a_tar(tmp_path / 'a.tar.xz', member('x' * 300)), untar),
                            (a_zip(tmp_path / 'a.zip', 'y' * 300), unzip),
                            (a_tar(tmp_path / 'b.tar.xz', member(f'{deep}/{"z" * 300}')), untar)):
        with pytest.raises(SdkError, match='is too long') as raised:
            unpack(archive, tmp_path / 'out')  # type: ignore[operator]
        assert '--dest' in raised.value.hint


def test_a_hard_link_to_what_comes_later_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(SdkError, match="a hard link to 'later'"):
        untar(a_tar(tmp_path / 'a.tar.xz', member('link', tarfile.LNKTYPE, 'later'), member('later')), tmp_path / 'out')


def test_of_names_that_differ_in_case_none_is_lost_in_silence(tmp_path: Path) -> None:
    """File systems that keep both do; on others (macOS, Windows) it is an error."""
    archive = a_tar(tmp_path / 'a.tar.xz', member('lib/Map.h'), member('lib/map.h'))
    (tmp_path / 'probe').write_text('')
    if (tmp_path / 'PROBE').exists():
        with pytest.raises(SdkError, match='ignores case') as raised:
            untar(archive, tmp_path / 'out')
        assert '--dest' in raised.value.hint
    else:
        untar(archive, tmp_path / 'out')
        assert sorted(path.name for path in (tmp_path / 'out/lib').iterdir()) == ['Map.h', 'map.h']


def test_of_two_members_of_one_name_the_last_counts(tmp_path: Path) -> None:
    archive = a_tar(tmp_path / 'a.tar.xz', member('a', mode=0o644), member('a', mode=0o755))
    untar(archive, tmp_path / 'out')
    assert os.access(tmp_path / 'out/a', os.X_OK)


def test_a_file_system_that_does_not_tell_case_is_noticed(tmp_path: Path) -> None:
    """As one would be: another spelling of what was unpacked is there, and the same file."""
    directory = _SafeExtractor(tmp_path / 'a.zip', tmp_path / 'out')
    directory.file('Map.h', io.BytesIO(b'1'), executable=False)
    if not (tmp_path / 'out/map.h').exists():
        os.link(tmp_path / 'out/Map.h', tmp_path / 'out/map.h')
    with pytest.raises(SdkError, match=r"has 'Map\.h' and 'map\.h'"):
        directory.file('map.h', io.BytesIO(b'2'), executable=False)


def _refused_when_spoilt(archive: Path, unpack: Callable[[Path, Path], object]) -> None:
    data = bytearray(archive.read_bytes())
    data[len(data) // 2:len(data) // 2 + 400] = bytes(400)
    archive.write_bytes(data)
    with pytest.raises(SdkError, match='cannot be unpacked') as raised:
        unpack(archive, archive.parent / 'out')
    assert raised.value.hint


@pytest.mark.parametrize('kind', ['gz', 'bz2', 'xz'])
def test_damage_in_the_middle_is_an_error_with_a_hint(tmp_path: Path, kind: str) -> None:
    with tarfile.open(tmp_path / 'a', f'w:{kind}') as tar:  # type: ignore[call-overload]
        info = tarfile.TarInfo('numbers')
        info.size = len(NUMBERS)
        tar.addfile(info, io.BytesIO(NUMBERS))
    _refused_when_spoilt(tmp_path / 'a', untar)


def test_damage_in_the_middle_of_a_zip_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / 'a', 'w', zipfile.ZIP_DEFLATED) as f:
        f.writestr('numbers', NUMBERS)
    _refused_when_spoilt(tmp_path / 'a', unzip)


def test_a_zip_with_a_password_is_an_error_with_a_hint(tmp_path: Path) -> None:
    data = bytearray(a_zip(tmp_path / 'a.zip', 'node').read_bytes())
    data[6] |= 1  # in the local header, and in the directory
    data[data.index(b'PK\x01\x02') + 8] |= 1
    (tmp_path / 'a.zip').write_bytes(data)
    with pytest.raises(SdkError, match=r'cannot be unpacked: .*password'):
        unzip(tmp_path / 'a.zip', tmp_path / 'out')


def test_a_full_disk_stays_one(tmp_path: Path) -> None:
    """`sdk install` says what to do about it (exit code 6)."""
    with disk(tmp_path / 'small', '1m') as small:
        archive = tmp_path / 'a.zip'
        with zipfile.ZipFile(archive, 'w') as f:
            f.writestr('large', bytes(64 << 20))
        with pytest.raises(OSError, match='No space left'):
            unzip(archive, small / 'out')
