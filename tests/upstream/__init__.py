"""Emscripten's own test suite, with plain emcc and with emroot: `dev.py upstream-tests`."""
