"""What the command line says of SDKs: which one is used, which others there are, and what is doubtful about it."""

from __future__ import annotations

import shutil
from pathlib import Path

from support.fake import make_fake_sdk
from support.running import Emroot


def test_a_compiler_of_another_llvm_is_warned_of_once_and_shown_whenever_asked(tmp_path: Path):
    emroot = Emroot(tmp_path / 'home', make_fake_sdk(tmp_path, llvm=18))
    first, second = (emroot('build', '--targets', target) for target in ('libone', 'libcxx'))
    assert (first.code, second.code) == (0, 0)
    assert first.err.count('made for LLVM 19') == 1 and 'made for' not in second.err + first.out + second.out
    assert 'is made for LLVM 19, but' in emroot('sdk', 'show').out
    assert 'note  Emscripten 9.9.9 at' in emroot('doctor').out
    make_fake_sdk(tmp_path / 'right')
    assert 'made for' not in emroot('sdk', 'show', '--sdk', tmp_path / 'right' / 'emscripten').out


def test_of_several_installed_the_others_are_named_with_how_to_choose(tmp_path: Path):
    emroot = Emroot(tmp_path / 'home')
    made = make_fake_sdk(tmp_path)
    roots = {}
    for version in ('6.0.4', '9.9.9'):
        roots[version] = tmp_path / 'home' / 'sdk' / version / 'emscripten'
        shutil.copytree(made, roots[version])
        (roots[version] / 'emscripten-version.txt').write_text(f'"{version}"\n', encoding='utf-8')
    shown = emroot('sdk', 'show', env={'PATH': ''}).out
    assert f'root        {roots["9.9.9"]}' in shown and f'  6.0.4     {roots["6.0.4"]}' in shown
    assert '--sdk PATH' in shown and 'emroot.toml' in shown
    assert f'  9.9.9     {roots["9.9.9"]}' in emroot('sdk', 'show', '--sdk', roots['6.0.4']).out
