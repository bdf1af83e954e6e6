"""The link of a program, with what a rule adds to it and the libraries that all of its options ask for.

Options of a link must not be a part of the configuration that the program is built in: its libraries would be compiled once more
for each. So that configuration has none of them. Where a rule has options of its own, or those of the program and of its
dependencies ask for other libraries than the toolchain could know of, the link that the program has is made again by an action of
the rule: the same command with other libraries, and more options at its end.
"""

load("//bazel/private/libraries:selection.bzl", "ModeInfo", "choose", "path_in_cache")
load("//bazel/private/modes:features.bzl", "FEATURES")
load("//bazel/private/modes:options.bzl", "joined", "settings")
load("//bazel/private/modes:transition.bzl", "wasm_transition")
load("//bazel/private/sdk:providers.bzl", "CACHE")
load(":outputs.bzl", "program_name")

LinkInfo = provider("The link of a cc_binary or cc_test.", fields = {
    "argv": "list: the command.",
    "inputs": "depset of Files",
    "output": "File",
})

PackedInfo = provider("What a program's link left, where something else is the executable.", fields = {"file": "File"})

# Attributes by which rules that are put around a program name it.
_AROUND = ["actual", "binary", "exports", "target"]

def packed_program(target):
    """What the link of a program or of a `cc_shared_library` left (File), or None for what is neither."""
    if PackedInfo in target:
        return target[PackedInfo].file
    shared = [file for file in target[DefaultInfo].files.to_list() if file.extension == "so"]
    return target[DefaultInfo].files_to_run.executable or (shared[0] if shared else None)

def _link_impl(target, ctx):
    output = packed_program(target)
    for action in target.actions:
        if action.mnemonic == "CppLink" and output in action.outputs.to_list():
            return [LinkInfo(argv = action.argv, inputs = action.inputs, output = output)]
    for name in _AROUND + (["srcs"] if ctx.rule.kind == "filegroup" else []):
        inner = getattr(ctx.rule.attr, name, None)
        for found in inner if type(inner) == "list" else [inner]:
            if type(found) == "Target" and LinkInfo in found:
                return [found[LinkInfo]]
    return []

link_aspect = aspect(
    implementation = _link_impl,
    attr_aspects = _AROUND + ["srcs"],
    doc = "Reads the command by which a program is linked: all that features, its own options and those of its dependencies tell.",
)

# With `additional_linker_inputs`, `exit_runtime`, `linkopts` and `standalone` of the rule.
LINK_ATTRIBUTES = {
    "_mode": attr.label(default = Label("//bazel/private/toolchain:libraries"), cfg = wasm_transition, providers = [ModeInfo]),
}

def _is_library(path):
    """Whether it is a system library, among the arguments of a link."""
    return not path.startswith("-") and ("/%s/sysroot/" % CACHE in path or "/shipped/sysroot/" in path)

def _own_options(ctx):
    """What the rule adds to the command."""
    words = [ctx.expand_location(word, ctx.attr.additional_linker_inputs) for word in joined(ctx.attr.linkopts)]
    for on, feature in ((ctx.attr.exit_runtime, "exit_runtime"), (ctx.attr.standalone, "wasm_standalone")):
        words = (FEATURES[feature].link if on else []) + words
    return words

def link(ctx, target, more = [], name = ""):
    """Link a program with the options of the rule and `more`.

    Args:
        ctx: the rule's.
        target: the program.
        more: further options.
        name: what it is to be called, since its files name each other; empty if that does not matter.

    Returns:
        What the link left (File), packed, and all of its arguments.
    """
    own, packed = _own_options(ctx) + more, packed_program(target)
    if not packed:
        fail("%s is no program\n  hint: name a cc_binary, cc_test or cc_shared_library as cc_target" % target.label)
    if LinkInfo not in target:
        if own:
            fail("%s is not linked by a cc_binary or cc_test\n  hint: set these options there: %s" % (target.label, " ".join(own)))
        return packed, []
    said = target[LinkInfo]
    if not ctx.attr.linkopts:
        own = [word for word in own if word not in said.argv]
    given = [file for file in said.inputs.to_list() if _is_library(file.path)]
    libraries = _libraries(ctx.attr._mode[0][ModeInfo], given, said.argv + own)
    called = said.output.basename
    if name and name != program_name(called):
        called = name + (".so" if said.output.extension == "so" else "")
    if not own and _paths(given) == _paths(libraries) and called == said.output.basename:
        return packed, said.argv
    return _link_again(ctx, said, libraries, own, called), said.argv + own

def _libraries(mode, given, words):
    """Libraries that a link asks for; those that it has (`given`) if a rule around the program put it into another mode."""
    chosen = [mode.files[name] for name in choose(mode.about, settings(words))]
    directories = [{path.rpartition("/")[0]: None for path in _paths(files)}.keys() for files in (given, chosen)]
    return given if given and chosen and directories[0] != directories[1] else chosen

def _paths(libraries):
    """Where libraries belong in a cache directory; an object may go by the name of an archive (`selection.bzl`)."""
    return sorted([path_in_cache(file.path).replace(".o.a", ".o") for file in libraries])

def programs(target):
    """Files that a program is among its own runfiles as: what runs it has another one instead of them."""
    return [target[DefaultInfo].files_to_run.executable, packed_program(target)] + ([target[LinkInfo].output] if LinkInfo in target else [])

def _add_word(args, word, files):
    """A word of a command. A path in it of one of `files` (by path) is said to be one, so that Bazel can map it."""
    named = [word] if word in files else [path for path in files if path in word] if "bazel-out/" in word else []
    if not named:
        args.add(word)
        return
    path = sorted(named, key = len)[-1]
    around = [part.replace("%", "%%") for part in word.split(path, 1)]

    # Objects of a directory of sources, which are counted when it has been made.
    args.add_all([files[path]], format_each = "%s".join(around), expand_directories = "/_objs/" in path)

def _link_again(ctx, said, libraries, own, called):
    out = ctx.actions.declare_file("%s.link/%s" % (ctx.label.name, called))
    inputs = [file for file in said.inputs.to_list() if not _is_library(file.path)]
    files = {file.path: file for file in inputs if not file.is_source}
    args = ctx.actions.args()
    for word in said.argv[1:]:
        if word == said.output.path:
            args.add(out)
        elif not _is_library(word):
            _add_word(args, word, files)
    args.add_all(libraries)
    for word in own:
        _add_word(args, word, files | {file.path: file for file in ctx.files.additional_linker_inputs if not file.is_source})
    ctx.actions.run(
        executable = said.argv[0],
        arguments = [args],
        inputs = depset(inputs + libraries + ctx.files.additional_linker_inputs),
        outputs = [out],
        mnemonic = "CppLink",
        execution_requirements = {"supports-path-mapping": "1"},
        progress_message = "Linking %{label}",
        toolchain = None,
        use_default_shell_env = True,
    )
    return out
