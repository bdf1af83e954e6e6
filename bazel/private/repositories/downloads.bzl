"""What repositories download for each system: releases of Emscripten (the data of `emroot sdk install --from emsdk`), Python and
Node."""

_RELEASES = Label("//:src/emroot/sdk/releases.json")
_INTERPRETERS = Label("//bazel/private/repositories:interpreters.json")
_EMSDK = "https://storage.googleapis.com/webassembly/emscripten-releases-builds"

# Systems for which there are releases, and their constraints.
SYSTEMS = {
    "linux": ["@platforms//os:linux", "@platforms//cpu:x86_64"],
    "linux-arm64": ["@platforms//os:linux", "@platforms//cpu:aarch64"],
    "mac": ["@platforms//os:macos", "@platforms//cpu:x86_64"],
    "mac-arm64": ["@platforms//os:macos", "@platforms//cpu:aarch64"],
    "win": ["@platforms//os:windows", "@platforms//cpu:x86_64"],
}

def host_system(rctx):
    """The system of the machine that fetches, by its name in `SYSTEMS`."""
    system = "win" if "windows" in rctx.os.name else "mac" if "mac" in rctx.os.name else "linux"
    return system + ("-arm64" if rctx.os.arch in ("aarch64", "arm64") and system != "win" else "")

def repository_of(name, system):
    """The repository of another system: `emscripten_sdk_mac_arm64`."""
    return "%s_%s" % (name, system.replace("-", "_"))

def by_system(rctx, name, target, own):
    """What machines of each system use, as text: `own` on this system, on others `target` of the repository `NAME_<system>`."""
    choices = {
        str(Label("//bazel/private/sdk:system_" + system)): "@%s//:%s" % (repository_of(name, system), target)
        for system in SYSTEMS
        if rctx.attr.workers and system != host_system(rctx)
    }
    return "select(%s)" % repr(choices | {"//conditions:default": own})

def download_release(rctx, version, system):
    """Download a release of Emscripten for a system; its directory (path), and the version's number."""
    releases = json.decode(rctx.read(rctx.path(_RELEASES)))["releases"]
    version = releases.keys()[0] if version == "latest" else version
    if version not in releases:
        alike = [v for v in releases if v.startswith(version.rsplit(".", 1)[0])][:3]
        fail("emscripten_deps.sdk: no release %s is known; there are %s\n  hint: name one of them, or use a newer emroot" % (version, ", ".join(alike or releases.keys()[:3])))
    sha256 = releases[version].get(system)
    if not sha256:
        fail("emscripten_deps.sdk: release %s has no archive for %s\n  hint: name another release, or an installation with path" % (version, system))
    base = (rctx.getenv("EMROOT_EMSDK_URL") or _EMSDK).rstrip("/")
    kind, _, arm = system.partition("-")
    name = "wasm-binaries%s.%s" % ("-" + arm if arm else "", "zip" if kind == "win" else "tar.xz")
    rctx.download_and_extract(url = "%s/%s/%s/%s" % (base, kind, releases[version]["hash"], name), sha256 = sha256, output = "release")
    return rctx.path("release").get_child("install"), version

def download_interpreter(rctx, name, system, output):
    """Download `python` or `node` for a system into a directory; the path of the executable."""
    known = json.decode(rctx.read(rctx.path(_INTERPRETERS)))[name]
    path, sha256 = known["archives"][system]
    base = (rctx.getenv("EMROOT_%s_URL" % name.upper()) or known["base"]).rstrip("/")
    top = "python" if name == "python" else path.rpartition("/")[2].removesuffix(".tar.xz").removesuffix(".tar.gz").removesuffix(".zip")
    rctx.download_and_extract(url = "%s/%s" % (base, path), sha256 = sha256, output = output, stripPrefix = top)
    executable = name + ("3" if name == "python" and system != "win" else "")
    return rctx.path("%s/%s" % (output, executable + ".exe" if system == "win" else "bin/" + executable))
