"""A CMake project with checks in its configuration and twenty programs, to be built with emcc."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

_FUNCTIONS = ('strlcpy', 'qsort_r', 'getrandom', 'mkostemp', 'posix_memalign', 'clock_gettime', 'fdatasync', 'no_such_function')
_HEADERS = ('unistd.h', 'sys/mman.h', 'threads.h', 'endian.h', 'no/such.h')
#: Statements of programs in C, and in C++ what it brings besides.
_C = ('printf("%s\\n", strerror(n));', 'qsort(text, strlen(text), 1, compare);', 'printf("%.3f\\n", sin(n) + pow(n, 0.5));',
      'char *copy = strdup(text); puts(copy); free(copy);', 'time_t now = n; printf("%s", ctime(&now));',
      'FILE *f = fopen("name", "w"); if (f) { fprintf(f, "%d", n); fclose(f); }', 'printf("%ld\\n", strtol(text, 0, 0));',
      'if (getenv("HOME")) puts(getenv("HOME"));', 'printf("%g\\n", fmod(n, 3) * cbrt(n));',
      'memmove(text + 1, text, 3); puts(text);',
      'printf("%lld\\n", llround(log(n + 1)));', 'printf("%d\\n", isalpha(text[0]) + toupper(text[1]));')
_CXX = ('std::map<std::string, int> found; found[text] = n; std::cout << found.size() << std::endl;',
        'try { throw std::runtime_error(text); } catch (const std::exception &e) { puts(e.what()); }',
        'std::vector<std::string> all(n, text); std::sort(all.begin(), all.end()); puts(all[0].c_str());',
        'std::ostringstream out; out << n << text; puts(out.str().c_str());',
        'std::unordered_map<int, int> squares; squares[n] = n * n; printf("%d\\n", squares[1]);',
        'std::cout << std::regex_match(text, std::regex("a+b*")) << std::endl;',
        'std::function<int(int)> twice = [](int a) { return 2 * a; }; printf("%d\\n", twice(n));',
        'std::shared_ptr<std::string> shared = std::make_shared<std::string>(text); puts(shared->c_str());')
_INCLUDED = ('ctype.h', 'math.h', 'stdio.h', 'stdlib.h', 'string.h', 'time.h')
_INCLUDED_CXX = ('algorithm', 'functional', 'iostream', 'map', 'memory', 'regex', 'sstream', 'stdexcept', 'string',
                 'unordered_map', 'vector')


def write_project(directory: Path) -> None:
    """Write the project into a new directory."""
    directory.mkdir(parents=True)
    lines = ['cmake_minimum_required(VERSION 3.20)', 'project(twenty C CXX)', 'include(CheckFunctionExists)',
             'include(CheckIncludeFile)', 'include(TestBigEndian)', 'test_big_endian(BIG)', 'find_package(Threads)']
    lines += [f'check_function_exists({name} HAVE_{name})' for name in _FUNCTIONS]
    lines += [f'check_include_file({name} HAVE_{number})' for number, name in enumerate(_HEADERS)]
    for number, (suffix, statement) in enumerate([*(('c', each) for each in _C), *(('cpp', each) for each in _CXX)]):
        includes = ''.join(f'#include <{name}>\n' for name in (*_INCLUDED, *(_INCLUDED_CXX if suffix == 'cpp' else ())))
        lines.append(f'add_executable(program{number} program{number}.{suffix})')
        (directory / f'program{number}.{suffix}').write_text(
            f'{includes}static char text[] = "aab";\n'
            'static int compare(const void *a, const void *b) { return *(const char *)a - *(const char *)b; }\n'
            f'int main(int n, char **words) {{ {statement} return compare(text, text + 1) > 1; }}\n', encoding='utf-8')
    (directory / 'CMakeLists.txt').write_text('\n'.join([*lines, '']), encoding='utf-8')


def commands(emcmake: Path, source: Path, build: Path, flags: Sequence[str]) -> list[list[str]]:
    """The commands that configure and build it with an SDK's `emcmake`, for these flags of compiles and links."""
    given = ' '.join(flags)
    return [[str(emcmake), 'cmake', '-S', str(source), '-B', str(build), '-G', 'Unix Makefiles', f'-DCMAKE_C_FLAGS={given}',
             f'-DCMAKE_CXX_FLAGS={given} -fexceptions'],
            ['cmake', '--build', str(build), '-j2']]
