"""The fake SDK's embuilder."""

import argparse
import sys

from tools import cache, ports, shared, system_libs
from tools.settings import settings

PORTS = sorted([*ports.ports_by_name, *ports.port_variants])


def get_system_tasks():
    libraries = system_libs.Library.get_all_variations()
    return libraries, list(libraries)


def build_port(name):
    cache.get('ports/%s/.emscripten_url' % name, lambda path: open(path, 'w').write('fake'))
    cache.get(system_libs.lib_dir() + '/lib%s.a' % name, lambda path: open(path, 'w').write('port ' + name))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--lto', action='store_const', const='full')
    parser.add_argument('--lto=thin', dest='lto', action='store_const', const='thin')
    parser.add_argument('--pic', action='store_true')
    parser.add_argument('--wasm64', action='store_true')
    parser.add_argument('operation', choices=['build'])
    parser.add_argument('targets', nargs='*')
    args = parser.parse_args()
    cache.setup()
    shared.check_sanity()
    settings.LTO, settings.MAIN_MODULE, settings.MEMORY64 = args.lto or 0, int(args.pic), int(args.wasm64)
    libraries, system_tasks = get_system_tasks()
    predefined_tasks = {'SYSTEM': system_tasks, 'USER': PORTS, 'MINIMAL': ['libone', 'crt1']}
    for target in args.targets:
        for what in predefined_tasks.get(target, [target]):
            if what in libraries:
                libraries[what].build()
            else:
                build_port(what)
    return 0


if __name__ == '__main__':
    sys.exit(main())
