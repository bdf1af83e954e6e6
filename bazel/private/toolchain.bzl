"""A C++ toolchain for each architecture."""

load("@rules_cc//cc/toolchains:cc_toolchain.bzl", "cc_toolchain")
load(":toolchain_config.bzl", "emscripten_toolchain_config", "toolchain_files")

def emscripten_toolchain(name, arch):
    """The toolchain `name` and what it consists of.

    Args:
      name: what the names of its targets begin with.
      arch: `wasm32` or `wasm64`.
    """
    for pic in ("", "_pic"):
        native.alias(name = name + "_link" + pic, actual = select({
            Label("//bazel/private:feature_lto"): Label("@emscripten_mode_%s_lto%s//:link" % (arch, pic)),
            Label("//bazel/private:feature_thin_lto"): Label("@emscripten_mode_%s_thinlto%s//:link" % (arch, pic)),
            "//conditions:default": Label("@emscripten_mode_%s%s//:link" % (arch, pic)),
        }))
    native.alias(name = name + "_libraries", actual = select({
        Label("//bazel/private:feature_main_module"): name + "_link_pic",
        Label("//bazel/private:feature_side_module"): name + "_link_pic",
        "//conditions:default": name + "_link",
    }))
    for part in ("compile", "link", "archive"):
        toolchain_files(name = "%s_%s_files" % (name, part), part = part)
    native.filegroup(name = name + "_nothing")
    emscripten_toolchain_config(
        name = name + "_config",
        arch = arch,
        thin = select({Label("//bazel/private:feature_thin_lto"): True, "//conditions:default": False}),
    )
    cc_toolchain(
        name = name + "_cc",
        all_files = name + "_compile_files",
        ar_files = name + "_archive_files",
        as_files = name + "_compile_files",
        compiler_files = name + "_compile_files",
        # Where the C++ runtime goes according to the feature static_link_cpp_runtimes: unlike the other files of a
        # toolchain, it is looked at in the configuration of the program, where its features are known.
        dynamic_runtime_lib = name + "_libraries",
        dwp_files = name + "_nothing",
        linker_files = name + "_link_files",
        objcopy_files = name + "_nothing",
        static_runtime_lib = name + "_libraries",
        strip_files = name + "_link_files",
        # Arguments go to the driver through Python's own command line, which knows no parameter files.
        supports_param_files = False,
        toolchain_config = name + "_config",
    )
