"""What the rules of SDKs and libraries tell each other."""

SdkInfo = provider("An Emscripten SDK.", fields = {
    "about": "File: sdk.json, at the top of the SDK's repository.",
    "archiver": "File: llvm-ar.",
    "clang": "dict: clang and clang++ (Files) by these names.",
    "compiler": "depset: clang and llvm-ar.",
    "directory": "string: the SDK's repository, relative to the execution root.",
    "emscripten": "depset: emcc, embuilder and their modules.",
    "linker": "depset: what a link needs besides.",
    "archivers": "depset: what llvm-ar needs.",
    "compilers": "depset: what clang needs, but for its own headers.",
    "compiling": "depset: what emcc reads of itself to compile.",
    "resource_dir": "File: it says where clang's own headers are to appear.",
    "resource_flags": "File: the same as arguments of a clang that starts in the execution root.",
})

SourceFilesInfo = provider("The sources of an SDK, file by file.", fields = {
    "anchor": "File: its location makes the directory that compiles run in (`engine/command_lines/placeholders.py: WORKING_DIRECTORY`); nothing reads it.",
    "files": "dict: sources, installed headers and clang's own (Files) by their paths in the SDK's repository.",
    "own_headers": "depset: clang's own headers, next to it.",
    "sources": "depset: the sources and headers of the system libraries.",
})

LibraryInfo = provider("One library of one mode.", fields = {
    "file": "File: the archive, object, or directory of a port.",
    "target": "string: embuilder's name.",
})

ReadsInfo = provider("What compiles of a mode read.", fields = {
    "anchor": "File: that of `SourceFilesInfo`, or None",
    "sets": "list of depsets of Files, or nothing if no compile is an action of its own",
    "targets": "dict: of each target with a recipe that recipe, numbers of sets, and what it shares (`compile_inputs.py`).",
})

ObjectsInfo = provider("The objects of a library.", fields = {"objects": "dict: Files by the names of members."})

HeadersInfo = provider("The SDK's headers, as it installs them in a cache.", fields = {
    "directory": "File: a directory.",
})

# Outputs lie below a directory of this name, at the path where emcc looks for them in its cache; so the driver knows
# what to put together from the names of its inputs alone.
CACHE = "emroot-cache"
