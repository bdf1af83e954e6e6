"""What `extension.bzl` does, for WORKSPACE."""

load("//bazel/private/modes:parse_features.bzl", "parse_features")
load(":extension.bzl", "repositories")

def emscripten_deps(emscripten_version = None, features = [], targets = ["auto"], path = None, builder = "source", ports_from = ""):
    """Declare the SDK's and the libraries' repositories.

    Args:
      emscripten_version: an official release, to be downloaded.
      features: what selects the mode for which `targets` are declared.
      targets: libraries besides those that links ask for by themselves.
      path: an installation of this machine, instead of a release. With neither, EMSDK or PATH name it.
      builder: `source` or `embuilder`.
      ports_from: a directory in which the sources of ports are looked for before the network.
    """
    repositories(
        {"emscripten_version": emscripten_version or "", "path": path or ""},
        [struct(owner = "", mode = parse_features(features), targets = targets, builder = builder, ports_from = ports_from)],
    )
