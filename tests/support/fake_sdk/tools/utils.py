def normalize_path(path):
    return path.replace('\\', '/')
