"""Programs that call functions of libc and libc++ chosen by chance, some of which they define themselves."""

from __future__ import annotations

import random

_C = '''
    printf("%s %d %.3f %lc\\n", "text", 12, 3.5, L'x');
    char s[64]; snprintf(s, sizeof s, "%-8s|%5d", "abc", 7); puts(s);
    double d; sscanf("2.5e3", "%lf", &d); printf("%g\\n", d);
    printf("%zu %d\\n", strlen("four"), strcmp("a", "b") < 0);
    char *p = strdup("copy"); puts(p); free(p);
    char t[] = "a,b,c"; for (char *q = strtok(t, ","); q; q = strtok(0, ",")) puts(q);
    int v[] = { 3, 1, 2 }; qsort(v, 3, sizeof *v, less); printf("%d%d%d\\n", v[0], v[1], v[2]);
    int w[] = { 1, 2, 3 }, k = 2; printf("%d\\n", bsearch(&k, w, 3, sizeof *w, less) == w + 1);
    printf("%.6f %.6f %.6f\\n", sin(1.0), pow(2.0, 0.5), fmod(7.5, 2.0));
    printf("%.4f %.4f\\n", tgamma(4.5), cbrt(27.0));
    printf("%Lf\\n", sqrtl(2.0L) * 3.0L);
    struct tm m = { 0 }; m.tm_year = 100; char y[32]; strftime(y, sizeof y, "%Y-%m-%d", &m); puts(y);
    setlocale(LC_ALL, "C"); printf("%s\\n", localeconv()->decimal_point);
    wchar_t u[16]; mbstowcs(u, "wide", 16); printf("%d\\n", (int)wcslen(u));
    FILE *f = tmpfile(); if (f) { fputs("line", f); rewind(f); char b[8]; puts(fgets(b, 8, f)); fclose(f); }
    printf("%ld %lu %lld\\n", strtol("-12", 0, 10), strtoul("ff", 0, 16), strtoll("123456789012", 0, 10));
    puts(getenv("NO_SUCH") ? "set" : "not set");
    jmp_buf j; if (!setjmp(j)) longjmp(j, 1); else puts("back");
    srand(1); printf("%d\\n", rand() >= 0);
    regex_t r; if (!regcomp(&r, "a+b", REG_EXTENDED)) { printf("%d\\n", regexec(&r, "aab", 0, 0, 0)); regfree(&r); }
    printf("%s\\n", strerror(EINVAL));
    atexit(at_end);
    printf("%d %d\\n", isalpha('a') != 0, toupper('b'));
    printf("%d\\n", fnmatch("*.c", "main.c", 0));
    char n[16]; inet_ntop(AF_INET, "\\1\\2\\3\\4", n, sizeof n); puts(n);
    void *a; if (!posix_memalign(&a, 64, 100)) { printf("%d\\n", (int)((size_t)a % 64)); free(a); }
    printf("%d\\n", (int)lrint(2.5) + abs(-3) + (int)labs(-4L));
'''
_CXX = '''
    std::cout << 12 << ' ' << 2.5 << '\\n';
    std::ostringstream o; o << std::hex << 255; std::cout << o.str() << '\\n';
    std::map<std::string, int> m; m["a"] = 1; std::cout << m.size() << '\\n';
    std::unordered_map<std::string, int> u; u["b"] = 2; std::cout << u["b"] << '\\n';
    std::vector<int> v{3, 1, 2}; std::sort(v.begin(), v.end()); std::cout << v[0] << '\\n';
    auto p = std::make_shared<int>(5); std::cout << *p << '\\n';
    std::function<int(int)> f = [](int a) { return a + 1; }; std::cout << f(1) << '\\n';
    std::cout << std::to_string(1.5) << std::stoi("12") << '\\n';
    std::any a = 3; std::cout << std::any_cast<int>(a) << '\\n';
    char c[32]; auto r = std::to_chars(c, c + 32, 1.25); std::cout << std::string(c, r.ptr) << '\\n';
    std::cout << std::regex_match("aab", std::regex("a+b")) << '\\n';
    std::istringstream i("7 8"); int x = 0, y = 0; i >> x >> y; std::cout << x + y << '\\n';
    std::variant<int, std::string> w = "text"; std::cout << std::get<std::string>(w) << '\\n';
    std::cout << std::make_error_code(std::errc::invalid_argument).message() << '\\n';
    std::wcout << L"wide" << std::endl;
    std::mt19937 g(1); std::cout << g() << '\\n';
    std::cout << std::chrono::duration_cast<std::chrono::seconds>(std::chrono::minutes(2)).count() << '\\n';
    std::locale l; std::cout << l.name() << '\\n';
    dynamic_cast<B *>(static_cast<A *>(new B))->go();
'''
_HEADERS = '''arpa/inet.h ctype.h errno.h fnmatch.h locale.h math.h regex.h setjmp.h stdio.h stdlib.h string.h time.h wchar.h'''
_CXX_HEADERS = '''algorithm any charconv chrono functional iostream locale map memory random regex sstream string system_error
    unordered_map variant vector'''
_HELPERS = '''static int less(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
static void at_end(void) { puts("end"); }
'''
_CXX_HELPERS = '''struct A { virtual ~A() {} }; struct B : A { void go() { puts("B"); } };
'''
#: What programs sometimes define themselves.
_OWN = (
    'int abs(int a) { return a < 0 ? -a : a; }',
    'size_t strlen(const char *s) { size_t n = 0; while (s[n]) n++; return n; }',
    'char *getenv(const char *name) { return 0; }',
    'int rand(void) { return 4; }',
    'double cbrt(double x) { return pow(x, 1.0 / 3); }',
    'int (isalpha)(int c) { return (c | 32) >= 97 && (c | 32) <= 122; }',
    'char *strerror(int e) { return (char *)"error"; }',
)
#: The options of one in six.
OPTIONS = ('-O1', '-O2 -sMEMORY64', '-Os', '-O1 -fwasm-exceptions', '-O1 -flto', '')


def random_program(number: int, *, cxx: bool) -> str:
    """The text of a program; the same for the same number."""
    chance = random.Random(number)  # noqa: S311  # nothing is secret
    lines = [line.strip() for line in (_C + (_CXX if cxx else '')).strip().splitlines()]
    chosen = chance.sample(lines, chance.randint(2, 9))
    own = [] if cxx else chance.sample(_OWN, chance.randint(0, 2))
    headers = _HEADERS.split() + (_CXX_HEADERS.split() if cxx else [])
    return '\n'.join([
        '#define _GNU_SOURCE', *(f'#include <{name}>' for name in headers), *own, _HELPERS, _CXX_HELPERS if cxx else '',
        'int main() {', '  (void)less; (void)at_end;', *(f'  {{ {line} }}' for line in chosen), '  return 0;', '}', ''])
