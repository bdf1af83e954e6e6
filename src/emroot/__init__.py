"""emroot: Emscripten system libraries in any mode, built on demand, once, anywhere."""

__version__ = '0.1.0.dev0'
