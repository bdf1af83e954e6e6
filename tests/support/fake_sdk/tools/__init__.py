"""The fake SDK: the parts of Emscripten that emroot asks, and libraries of a few files."""
