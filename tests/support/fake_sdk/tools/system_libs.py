import os
import shutil
import subprocess
import sys

from . import cache, config, utils
from .settings import settings

EMCC = os.path.join(config.ROOT, 'emcc')
EMXX = os.path.join(config.ROOT, 'em++')


def lib_dir():
    sub = '-'.join([name for name, on in (('lto', settings.LTO == 'full'), ('thinlto', settings.LTO == 'thin'),
                                          ('pic', settings.MAIN_MODULE)) if on])
    return '/'.join(filter(None, ['sysroot/lib', 'wasm64-emscripten' if settings.MEMORY64 else 'wasm32-emscripten', sub]))


def ensure_sysroot():
    def install(stamp):
        include = os.path.join(os.path.dirname(stamp), 'sysroot', 'include')
        shutil.copytree(os.path.join(config.ROOT, 'system', 'include'), include)
        with open(stamp, 'w') as f:
            f.write('x')
    cache.get('sysroot_install.stamp', install)


def get_base_cflags(build_dir, *args, **kwargs):
    flags = ['-g', '-ffile-prefix-map=%s=/emsdk/emscripten' % config.ROOT, '-fdebug-compilation-dir=/emsdk/emscripten']
    flags += ['-m64'] if settings.MEMORY64 else []
    flags += {0: [], 'full': ['-flto'], 'thin': ['-flto=thin']}[settings.LTO]
    return flags + (['-fPIC'] if settings.MAIN_MODULE else [])


def run_build_commands(commands, **kwargs):
    for command in commands:
        env = dict(os.environ, PYTHONPATH=config.ROOT)
        script = "import sys; from tools import shared; import emcc; shared.run_via_emxx = 'em++' in sys.argv[1]; " \
                 'emcc.main(sys.argv[1:])'
        subprocess.run([sys.executable, '-B', '-c', script, *command], env=env, cwd=kwargs['build_dir'], check=True)


def create_lib_emar(out, objects):
    subprocess.run([os.path.join(config.LLVM_ROOT, 'llvm-ar'), 'cr', out, *objects], check=True)


def create_lib(out, objects):
    if os.path.splitext(out)[1] == '.o':
        shutil.copyfile(objects[0], out)
    else:
        create_lib_emar(out, sorted(objects, key=os.path.basename))


def get_libs_to_link(*args):
    raise NotImplementedError


class Library:
    cflags = ('-Os',)

    @classmethod
    def get_all_variations(cls):
        found = [kind(**v) for kind in cls.__subclasses__() for v in kind.variations()]
        return {library.get_base_name(): library for library in found}

    @classmethod
    def variations(cls):
        return [{}]

    def __init__(self, is_debug=False):
        self.is_debug = is_debug

    def get_base_name(self):
        return self.name + ('-debug' if self.is_debug else '')

    def get_filename(self):
        return self.get_base_name() + '.a'

    def get_path(self):
        return '%s/%s' % (lib_dir(), self.get_filename())

    def can_build(self):
        return True

    def get_files(self):
        return [os.path.join(config.ROOT, 'system', 'lib', self.name, name) for name in self.files]

    def build_objects(self, build_dir):
        commands, objects = [], []
        for source in self.get_files():
            out = os.path.join(build_dir, os.path.splitext(os.path.basename(source))[0] + '.o')
            spelled = utils.normalize_path(os.path.relpath(source, build_dir))
            command = [EMXX if source.endswith('.cpp') else EMCC, '-c', *self.cflags, *get_base_cflags(build_dir)]
            commands.append([*command, *(['-DDEBUG'] if self.is_debug else []), spelled, '-o', out])
            objects.append(out)
        run_build_commands(commands, build_dir=build_dir)
        return objects

    def build(self, deterministic_paths=False):
        def create(path):
            build_dir = os.path.join(cache.cachedir, 'build', self.get_base_name() + '-tmp')
            os.makedirs(build_dir, exist_ok=True)
            ensure_sysroot()
            create_lib(path, self.build_objects(build_dir))
        return cache.get(self.get_path(), create)


class One(Library):
    name, files = 'libone', ('a.c', 'b.c', 'zebra.c')

    @classmethod
    def variations(cls):
        return [{'is_debug': False}, {'is_debug': True}]


class Cxx(Library):
    name, files, cflags = 'libcxx', ('new.cpp',), ('-O2',)


class Assembly(Library):
    name, files = 'libasm', ('plain.s', 'preprocessed.S')


class Crt(Library):
    name, files = 'crt1', ('crt1.c',)

    def get_filename(self):
        return 'crt1.o'


class Broken(Library):
    """Like libopenmp with an LLVM that does not know one of its flags."""

    name, files = 'libbroken', ('fine.c', 'broken.c')


class Many(Library):
    """Enough compiles to be interrupted among them."""

    name, files = 'libmany', tuple('f%02d.c' % n for n in range(24))
