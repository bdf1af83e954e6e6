"""What loading finds in each Bazel, as a model: Starlark files are evaluated with the symbols, and by the rules, of a version.

Since when something is there is told by `bazel_features` (`globals.bzl`, `features.bzl`) and by pull requests of Bazel. A model
shows what does not load; it shows neither analysis nor actions.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import starlark

Version = tuple[int, int]
NATIVES = Path(__file__).with_name('natives.star')
#: Versions of the model: at least one on each side of every change.
VERSIONS: tuple[Version, ...] = ((7, 7), (8, 0), (8, 3), (9, 0), (9, 3), (10, 0))
_EVER: Version = (99, 0)
#: Symbols of .bzl files: since, and until before which version.
GLOBALS: tuple[tuple[str, Version, Version], ...] = (
    ('Label attr config config_common exec_group module_extension native platform_common provider repository_rule rule select '
     'tag_class transition', (0, 0), _EVER),
    ('DefaultInfo OutputGroupInfo RunEnvironmentInfo InstrumentedFilesInfo PackageSpecificationInfo analysis_test_transition '
     'apple_common aspect configuration_field coverage_common depset proto_common_do_not_use subrule testing visibility',
     (0, 0), _EVER),
    ('JavaInfo JavaPluginInfo ProtoInfo PyCcLinkParamsProvider PyInfo PyRuntimeInfo', (0, 0), (8, 0)),  # without autoloads
    ('CcInfo CcSharedLibraryHintInfo CcSharedLibraryInfo CcToolchainConfigInfo DebugPackageInfo cc_common java_common',
     (0, 0), (9, 0)),  # bazelbuild/bazel 27593
    ('macro', (8, 0), _EVER), ('set', (8, 1), _EVER))
#: Rules and functions of BUILD files, which .bzl files have in `native`.
NATIVE: tuple[tuple[str, Version, Version], ...] = (
    ('alias config_setting constraint_setting constraint_value environment environment_group existing_rule existing_rules '
     'exports_files filegroup genquery genrule glob label_flag label_setting licenses module_name module_version '
     'package_default_visibility package_group package_name package_relative_label platform repo_name starlark_doc_extract '
     'subpackages test_suite toolchain toolchain_type', (0, 0), _EVER),
    ('bind', (0, 0), (9, 0)),  # of WORKSPACE
    ('java_binary java_import java_library java_plugin java_test proto_library py_binary py_library py_runtime py_test sh_binary '
     'sh_library sh_test', (0, 0), (8, 0)),  # without autoloads
    ('cc_binary cc_import cc_library cc_proto_library cc_shared_library cc_test cc_toolchain cc_toolchain_alias '
     'cc_toolchain_suite fdo_prefetch_hints fdo_profile memprof_profile objc_import objc_library propeller_optimize',
     (0, 0), (9, 0)))
#: How rules are judged.
FEATURES: tuple[tuple[str, Version, Version], ...] = (
    ('strict_glob', (8, 0), _EVER),  # --incompatible_disallow_empty_glob
    ('mandatory_test_toolchain', (9, 0), (9, 3)),  # bazelbuild/bazel 25823, made optional by 30946
    ('flags_leave_exec', (10, 0), _EVER))  # bazelbuild/bazel 26909: a build setting needs an explicit scope
#: What later versions have for rules_cc alone (`cc/private/cc_internal.bzl` there).
_OF_RULES_CC = ('cc_common',)
_ONLY_BUILD = ('package', 'repo')
_DIALECT = starlark.Dialect.standard()
for _part in ('def', 'lambda', 'load', 'keyword_only_arguments', 'top_level_stmt'):
    setattr(_DIALECT, f'enable_{_part}', True)
_STANDARD = starlark.Globals.extended_by([starlark.LibraryExtension.StructType, starlark.LibraryExtension.Json,
                                          starlark.LibraryExtension.Print])


def names(rows: tuple[tuple[str, Version, Version], ...], version: Version) -> list[str]:
    """What is there in a version."""
    return [name for words, since, until in rows if since <= version < until for name in words.split()]


@dataclass
class LoadingModel:
    """Loads files as one version of Bazel would. `repositories`: directories, or texts by their paths, by repository name; `main`
    is that of the root module."""

    version: Version
    repositories: Mapping[str, Path | Mapping[str, str]]
    main: str = 'emroot'
    targets: list[tuple[str, str, str]] = field(default_factory=list)
    """(name, kind, explicit scope) of each target."""
    _modules: dict[str, starlark.FrozenModule] = field(default_factory=dict)
    _natives: starlark.FrozenModule | None = None

    def load(self, label: str) -> starlark.FrozenModule:
        """A .bzl file by its label, with repository and package."""
        if label not in self._modules:
            self._modules[label] = self._bzl(label)[0].freeze()
        return self._modules[label]

    def _bzl(self, label: str, more: str = '') -> tuple[starlark.Module, object]:
        repo, _, rest = label.lstrip('@').partition('//')
        package, _, name = rest.partition(':')
        text = self._text(repo, f'{package}/{name}'.lstrip('/'))
        return self._evaluate(label, text + more, names(GLOBALS, self.version), repo, package)

    def constant(self, label: str, name: str) -> str:
        """What a .bzl file calls `name`, private or not."""
        return str(self._bzl(label, f'\n{name}\n')[1])

    def build(self, package: str, text: str | None = None, files: Collection[str] = (), repo: str = '') -> None:
        """A BUILD file: its text, or the one in the package; `files` are what `glob` finds."""
        repo = repo or self.main
        text = text if text is not None else self._text(repo, f'{package}/BUILD.bazel'.lstrip('/'))

        def glob(include: list[str], exclude: list[str] | None = None, allow_empty: bool | None = None) -> list[str]:
            found = [f for pattern in include for f in files if fnmatch.fnmatch(f, pattern.replace('**', '*'))]
            strict = 'strict_glob' in names(FEATURES, self.version)
            for pattern in include if not (allow_empty if allow_empty is not None else not strict) else []:
                if not any(fnmatch.fnmatch(f, pattern.replace('**', '*')) for f in files):
                    raise ValueError(f'glob pattern {pattern!r} did not match anything')
            return [f for f in found if not any(fnmatch.fnmatch(f, e.replace('**', '*')) for e in exclude or ())]
        known = [*names(NATIVE, self.version), *_ONLY_BUILD, 'select']
        self._evaluate(f'@{repo}//{package}:BUILD', text, [name for name in known if name != 'glob'], repo, package, glob=glob)

    def _text(self, repo: str, path: str) -> str:
        source = self.repositories[repo]
        return source[path] if not isinstance(source, Path) else (source / path).read_text(encoding='utf-8')

    def _evaluate(self, label: str, text: str, known: list[str], repo: str, package: str,
                  **functions: object) -> tuple[starlark.Module, object]:
        """The module, and the value of its last expression."""
        natives = self._native_module()
        known = [*known, *(name for name in _OF_RULES_CC if repo == 'rules_cc' and name not in known)]

        def load(name: str) -> starlark.FrozenModule:
            if name == '@natives':
                return natives
            if name.startswith(':'):
                return self.load(f'@{repo}//{package}{name}')
            return self.load(f'@{repo}{name}' if name.startswith('//') else '@' + name.lstrip('@'))
        module = starlark.Module()
        for name, function in functions.items():
            module.add_callable(name, function)
        head = f'load("@natives", {", ".join(map(repr, known))})\n'.replace("'", '"')
        value = starlark.eval(module, starlark.parse(label, head + text, _DIALECT), _STANDARD, starlark.FileLoader(load))
        return module, value

    def _native_module(self) -> starlark.FrozenModule:
        """The symbols of this version, each as good as loading needs it."""
        if self._natives is None:
            module, features = starlark.Module(), names(FEATURES, self.version)
            module.add_callable('_has', lambda name: name in features)
            module.add_callable('_record', lambda *told: self.targets.append(told))
            text = NATIVES.read_text(encoding='utf-8')
            rules = names(NATIVE, self.version)
            text += ''.join(f'{name} = native_rule\n' for name in [*rules, *_ONLY_BUILD] if f'\ndef {name}(' not in text)
            text += f'native = struct({", ".join(f"{name} = {name}" for name in rules)}, bazel_version = "{self.called}")\n'
            text += ''.join(f'{name} = symbol\n' for name in names(GLOBALS[1:], self.version) if f'\n{name} = ' not in text)
            starlark.eval(module, starlark.parse('natives', text, _DIALECT), _STANDARD)
            self._natives = module.freeze()
        return self._natives

    @property
    def called(self) -> str:
        """The version as Bazel says it."""
        return f'{self.version[0]}.{self.version[1]}.0'
