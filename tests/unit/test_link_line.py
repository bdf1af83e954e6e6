"""Which emcc or em++ a command line starts, behind whatever launches it; and what is no link."""

from __future__ import annotations

import shlex

import pytest
from support.running import Emroot

from emroot.errors import UsageError
from emroot.libraries.link_line import compiler, read_link, split_link

LINK = ('-O2', 'a.o', '-o', 'app.js')


@pytest.mark.parametrize(('word', 'which'), [
    ('emcc', 'emcc'), ('em++', 'em++'), ('/opt/emsdk/upstream/emscripten/em++', 'em++'), ('./emcc.py', 'emcc'),
    (r'C:\emsdk\upstream\emscripten\em++.bat', 'em++'), ('EMCC.EXE', 'emcc'), ('emcc.o', None), ('-O2', None),
    ('clang', None), ('emcmake', None), ('myemcc', None), ('', None)])
def test_the_first_word_tells_whether_a_compiler_is_started(word: str, which: str | None):
    assert compiler(word) == which


@pytest.mark.parametrize('line', [
    'em++ LINK', '/opt/em++ LINK', 'ccache /opt/em++ LINK', 'ccache sloppiness=time_macros em++ LINK', 'distcc em++ LINK',
    'ccache distcc em++ LINK', 'python3 em++.py LINK', '/usr/bin/python3.12 -E -B -X utf8 /opt/em++.py LINK', 'time em++ LINK',
    '/usr/bin/time -v -o log em++ LINK', 'env -i -u CFLAGS em++ LINK', 'nice -n 10 ionice -c 3 em++ LINK',
    'timeout -k 5 60 em++ LINK', 'taskset -c 0,1 em++ LINK', 'stdbuf -o L em++ LINK', 'emmake em++ LINK',
    'our-wrapper em++ LINK', 'our-wrapper ccache em++ LINK',
    'rewrapper -cfg=x.cfg -labels=type=link -- em++ LINK', 'bear --append -- em++ LINK', 'emroot run --cache c -- em++ LINK',
    'cmake -E env -- em++ LINK', 'cmake -E time em++ LINK', 'cmake -E __run_co_compile --launcher=ccache -- em++ LINK',
    '/bin/bash ./libtool --tag=CXX --mode=link em++ LINK', "sh -ec 'em++ LINK'", "bash -euo pipefail -c 'cd x && em++ LINK'",
    ': && em++ LINK && :', ': && /usr/bin/ccache /opt/em++ LINK && cd /b && cmake -E touch done',
    'cd build ; em++ LINK | tee log', 'em++ LINK > log 2>&1', 'em++ 2>>/dev/null LINK &>log', '(cd build && em++ LINK)',
    '( em++ LINK < in )',
    'em++ -c a.cpp -o a.o && em++ LINK', 'cmd.exe /C "cd . && C:\\emsdk\\em++.bat LINK && cd ."', "': && em++ LINK && :'"])
def test_the_driver_is_found_behind_what_launches_it(line: str):
    found = read_link(line.replace('LINK', shlex.join(LINK)))
    assert (found.driver, found.arguments) == ('em++', LINK)
    assert compiler(found.command[-len(LINK) - 1]) == 'em++'


@pytest.mark.parametrize('line', ['EMCC_CFLAGS=-flto A=b em++ a.o', 'env EMCC_CFLAGS=-flto A=b em++ a.o',
                                  'EMCC_CFLAGS=-flto ccache env -i A=b em++ a.o', "A=b sh -c 'EMCC_CFLAGS=-flto em++ a.o'"])
def test_what_a_line_sets_is_known(line: str):
    assert read_link(line).variables == {'EMCC_CFLAGS': '-flto', 'A': 'b'}


@pytest.mark.parametrize('line', [
    'make -j2', 'gcc -O2', 'gcc -O2 x.c -o emcc', 'cmake --build b', 'emar rcs x.a', 'ninja', 'cargo build', 'CC=emcc make',
    'make CC=emcc', 'env CC=emcc make', 'time make -j2', 'ccache gcc -O2 a.c', 'python3 build.py', 'sh build.sh',
    "sh -c 'make -j2'", 'wasm-ld a.o',
    'cmake --build b --target emcc', ': && cd b && make && :', 'emcmake cmake -B b', 'which emcc', 'npm run build -- --release'])
def test_what_starts_no_emcc_is_refused(line: str):
    with pytest.raises(UsageError, match='is not a link command of emcc or em\\+\\+') as caught:
        read_link(line)
    assert 'emroot run -- ' in caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize('line', ['', '-O2 -flto', 'main.o -O2', 'src/main.cpp', '@flags.rsp', 'EMCC_CFLAGS=-flto -O2'])
def test_flags_and_inputs_alone_are_a_link(line: str):
    found = read_link(line, 'c')
    assert (found.driver, found.command) == ('emcc', ())


def test_words_that_only_look_like_a_shells_stay():
    words = ['-Wl,-(', '-Wl,-)', '-DF(x)=>1', '-sEXPORTED_FUNCTIONS=_f(x)', 'a.o']
    assert read_link(shlex.join(['emcc', *words])).arguments == tuple(words)


def test_of_two_links_neither_is_meant():
    with pytest.raises(UsageError, match='contains 2 links'):
        read_link('emcc a.o -o a.js && emcc b.o -o b.js')


def test_a_backslash_separates_directories_on_windows():
    assert split_link(r'C:\emsdk\em++.bat -O2 "C:\my x.o"', windows=True) == [r'C:\emsdk\em++.bat', '-O2', r'C:\my x.o']
    assert split_link(r'em++ my\ x.o', windows=False) == ['em++', 'my x.o']


@pytest.mark.parametrize('arguments', [
    ['resolve', '--', 'make', '-j2'], ['build', '--for', 'gcc -O2'], ['link', '--', 'cmake', '--build', 'b'],
    ['link', '--', '-O2', 'a.o'], ['env', '--for', 'emar rcs x.a'], ['cache-key', '--for', 'ninja'], ['build']])
def test_every_command_that_takes_a_link_refuses_what_is_none(fake: Emroot, arguments: list[str], tmp_path: object):
    (tmp_path / 'emroot.toml').write_text('[[cache]]\nfor = ["make -j2"]\n')  # type: ignore[operator]
    ran = fake(*arguments, cwd=tmp_path)
    assert ran.code == 2 and ran.out == ''
    assert 'is not a link command' in ran.err or 'flags without a command link nothing' in ran.err
