EMSCRIPTEN_VERSION = '9.9.9'
MACOS = False


def normalize_path(path):
    return path.replace('\\', '/')
