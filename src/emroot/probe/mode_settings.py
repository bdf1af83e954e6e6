"""Modes and groups, from embuilder's own code."""

import ast
import contextlib
import os
import sys

from sdk_modules import Stop
from seam_access import install, original


def enter_mode(sdk, request):
    """Apply a mode by running embuilder's own handling of its flags, and stop before it builds. So it does not matter whether
    a release uses `settings.LTO` or `options.lto`, `RELOCATABLE` or `MAIN_MODULE`: the SDK's own code sets it."""
    import embuilder
    sdk.spell_cache_in_tree()
    sdk.embuilder = embuilder
    sdk.embuilder_argv = ['embuilder', *request['embuilder_flags'], 'build']
    install('tools.cache.setup', lambda: None)
    install('tools.shared.check_sanity', lambda *args, **kwargs: None)
    tasks = original('embuilder.get_system_tasks')

    def stop_in_main():
        if sys._getframe(1).f_code.co_name == 'main':  # its help text asks for them too, before the flags are applied
            raise Stop
        return tasks()
    install('embuilder.get_system_tasks', stop_in_main)
    try:
        _run_embuilder(sdk, ['libc'])
    finally:
        install('embuilder.get_system_tasks', tasks)
    return tasks()[0]


def _run_embuilder(sdk, targets):
    argv, sys.argv = sys.argv, sdk.embuilder_argv + targets
    try:
        with open(os.devnull, 'w') as nowhere, contextlib.redirect_stdout(nowhere):
            sdk.embuilder.main()
    except Stop:
        pass
    finally:
        sys.argv = argv


def groups(sdk, libraries):
    """embuilder's groups, each expanded by embuilder itself with recorders instead of its build functions."""
    built = []
    classes = {type(library) for library in libraries.values()}
    restore = [(cls, cls.__dict__.get('build')) for cls in classes]
    for cls in classes:
        cls.build = lambda self, *args, **kwargs: built.append(self.get_base_name())
    install('embuilder.build_port', built.append)
    install('embuilder.get_system_tasks', lambda: (libraries, list(libraries)))
    found = {}
    try:
        for name in _group_names(sdk.embuilder.__file__):
            del built[:]
            _run_embuilder(sdk, [name])
            found[name] = list(built)
    finally:
        for cls, build in restore:
            if build is None:
                del cls.build
            else:
                cls.build = build
    return found


def _group_names(path):
    """The keys of the dictionary `predefined_tasks` in embuilder's main."""
    with open(path, encoding='utf-8') as f:
        tree = ast.parse(f.read())
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', '') == 'predefined_tasks':
            return [ast.literal_eval(key) for key in node.value.keys]
    return []
