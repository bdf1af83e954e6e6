"""Link lines of every kind, for comparing what the resolver says with what emcc does.

Inputs that the lines name are made by `reference.py`: objects (`main.o`), sources (`main.c`, `main.cpp`), a dynamic
library (`side.so`, `libside.so`), an archive (`libown.a`), a response file, a port's file and a list of exports.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Line:
    """One link: the command as written, and variables of the environment that emcc heeds."""

    words: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The line as a test's name."""
        return ' '.join([*(f'{k}={v}' for k, v in self.environment.items()), *self.words])


def _lines(text: str, **environment: str) -> list[Line]:
    return [Line(words=tuple(line.split()), environment=environment) for line in text.strip().splitlines()]


PLAIN = _lines("""
    emcc main.o
    em++ main.o
    emcc main.o -o app.js
    em++ main.o -o app.mjs
    em++ main.o -o app.html
    em++ main.o -o app.wasm
    em++ main.o -o app
    em++ main.o -o app.out
    emcc -sDEFAULT_TO_CXX=0 main.o
    emcc -sSTRICT main.o
    em++ -sSTRICT main.o
    em++ -nostdlib++ main.o
    em++ -nostdlibxx main.o
    em++ @line.rsp
    emcc main.c
    em++ main.cpp -o app.js
    emcc main.cpp
    em++ -x c++ main.c
    em++ conftest.cpp
    emcc conftest.c -o conftest
    em++ main.o libown.a
    em++ main.o -L. -lown
    em++ main.o -Wl,--start-group libown.a -Wl,--end-group
    em++ main.o -Xlinker --print-map
    em++ -Dmain=other main.o -Iinclude -std=c++20 -Wall
""")

LEVELS = _lines("""
    em++ -O0 main.o
    em++ -O1 main.o
    em++ -O2 main.o
    em++ -O3 main.o
    em++ -Os main.o
    em++ -Oz main.o
    em++ -Og main.o
    emcc -Oz main.o
    emcc -O main.o
    em++ -O2 -g main.o
    em++ -g2 main.o
    em++ -gsource-map main.o
    em++ -O2 -sASSERTIONS main.o
    em++ -sASSERTIONS=0 main.o
    em++ -sASSERTIONS=2 main.o
    em++ -O3 --profiling main.o
    em++ -O2 --closure=1 main.o
    em++ -sSAFE_HEAP main.o
    em++ -sSTACK_OVERFLOW_CHECK=2 main.o
""")

MODES = _lines("""
    em++ -m64 main.o
    em++ -sMEMORY64 main.o
    em++ -sMEMORY64=2 main.o
    em++ --target=wasm64-unknown-emscripten main.o
    emcc -target wasm64 main.o
    em++ -m64 -m32 main.o
    em++ -flto main.o
    em++ -flto=full main.o
    em++ -flto=thin main.o
    em++ -flto -fno-lto main.o
    em++ -O2 -flto=thin -sMEMORY64 main.o
    emcc -Oz -flto -sMEMORY64 main.o
    em++ -sMAIN_MODULE main.o
    em++ -sMAIN_MODULE=2 main.o
    emcc -sMAIN_MODULE=2 -O2 main.o
    em++ -sMAIN_MODULE=2 -flto main.o
    em++ -sMAIN_MODULE=2 -flto=thin -sMEMORY64 main.o
    em++ -sMAIN_MODULE -m64 main.o
    em++ -sMAIN_MODULE=2 main.o side.so
    em++ -sMAIN_MODULE=2 main.o -L. -lside
    em++ main.o side.so
    em++ main.o -L. -lside
    em++ -sSIDE_MODULE main.o
    em++ -sSIDE_MODULE=2 main.o -o side.wasm
    em++ -sSIDE_MODULE=2 -flto -sMEMORY64 main.o
    em++ -sSIDE_MODULE -pthread main.o
    em++ -shared main.o -o new.so
    em++ -shared main.o -o new.wasm
    em++ -r main.o -o both.o
    em++ -r -flto main.o -o both.o
    em++ -r main.o -lembind -o both.o
    em++ -fPIC main.o
    em++ -sRELOCATABLE main.o
    em++ -sLINKABLE main.o
    em++ -sMAIN_MODULE=2 -sFAKE_DYLIBS main.o
""")

THREADS = _lines("""
    em++ -pthread main.o
    emcc -pthread main.o
    em++ -pthread -O3 main.o
    em++ -pthread -sMEMORY64 -flto=thin main.o
    em++ -sUSE_PTHREADS main.o
    em++ -pthread -sPROXY_TO_PTHREAD main.o
    em++ -pthread -sPROXY_TO_PTHREAD -sEXIT_RUNTIME main.o
    em++ -pthread -sMAIN_MODULE=2 main.o
    em++ -pthread -sPROXY_POSIX_SOCKETS -lwebsocket.js main.o
    em++ -pthread -no-pthread main.o
    em++ -sSHARED_MEMORY main.o
    em++ -sWASM_WORKERS main.o
    em++ -sWASM_WORKERS -O3 main.o
    em++ -sWASM_WORKERS -pthread main.o
    em++ -sWASM_WORKERS -sMEMORY64 main.o
    em++ -sWASM_WORKERS -sAUDIO_WORKLET main.o
    em++ -fopenmp main.o
    em++ -pthread -sASYNCIFY main.o
    em++ -sASYNCIFY main.o
    em++ -sJSPI main.o
    em++ -sOFFSCREENCANVAS_SUPPORT -pthread main.o
    em++ -sOFFSCREEN_FRAMEBUFFER -pthread main.o
""")

EXCEPTIONS = _lines("""
    em++ -fexceptions main.o
    em++ -fno-exceptions main.o
    em++ -fwasm-exceptions main.o
    em++ -fwasm-exceptions -sWASM_LEGACY_EXCEPTIONS=0 main.o
    em++ -fwasm-exceptions -sWASM_LEGACY_EXCEPTIONS=1 main.o
    em++ -fwasm-exceptions -flto -sMEMORY64 main.o
    em++ -fwasm-exceptions -pthread -O3 main.o
    em++ -sDISABLE_EXCEPTION_CATCHING=0 main.o
    em++ -sEXCEPTION_CATCHING_ALLOWED=f main.o
    em++ -fexceptions -sEXCEPTION_STACK_TRACES main.o
    em++ -fexceptions -sEXCEPTION_DEBUG main.o
    emcc -sSUPPORT_LONGJMP=wasm main.o
    emcc -sSUPPORT_LONGJMP=emscripten main.o
    em++ -sSUPPORT_LONGJMP=0 main.o
    em++ -fwasm-exceptions -sSUPPORT_LONGJMP=wasm -sASSERTIONS main.o
    em++ -fno-rtti main.o -lembind
    emcc -fwasm-exceptions main.o
    emcc -sDEFAULT_TO_CXX=0 -fwasm-exceptions main.o
    em++ -fignore-exceptions main.o
""")

SANITIZERS = _lines("""
    em++ -fsanitize=address main.o
    emcc -fsanitize=address main.o
    em++ -fsanitize=leak main.o
    em++ -fsanitize=undefined main.o
    em++ -fsanitize=undefined -fsanitize-minimal-runtime main.o
    em++ -fsanitize=address,undefined main.o
    em++ -fsanitize=address -pthread main.o
    em++ -fsanitize=address -fno-sanitize=address main.o
    em++ -fsanitize=null -O2 main.o
    em++ -fsanitize=address -fwasm-exceptions main.o
    emcc -sDEFAULT_TO_CXX=0 -fsanitize=undefined main.o
""")

STANDALONE = _lines("""
    em++ -sSTANDALONE_WASM main.o
    emcc -sSTANDALONE_WASM --no-entry main.o
    em++ -sSTANDALONE_WASM -sEXPORTED_FUNCTIONS=_main,_other main.o
    em++ -sEXPORTED_FUNCTIONS=_other main.o -o app.wasm
    em++ -sEXPORTED_FUNCTIONS=@exports.txt main.o -o app.wasm
    em++ --no-entry main.o -o app.wasm
    em++ -sPURE_WASI main.o
    em++ -sPURE_WASI -fwasm-exceptions main.o
    em++ -sSTANDALONE_WASM -sALLOW_MEMORY_GROWTH main.o
    em++ -sSTANDALONE_WASM -fexceptions main.o
    em++ -sSTANDALONE_WASM --target=wasm64 -flto main.o
    em++ -sMINIMAL_RUNTIME main.o
    em++ -sMINIMAL_RUNTIME=2 -Oz main.o -o app.html
    em++ -sMINIMAL_RUNTIME -pthread main.o
    em++ -sEXIT_RUNTIME main.o
    em++ --emrun main.o -o app.html
    em++ -sWASM=0 main.o
    em++ -sSINGLE_FILE main.o
    em++ -sMODULARIZE -sEXPORT_ES6 main.o -o app.mjs
    em++ --oformat=bare main.o
    em++ --oformat=wasm main.o
    em++ -sJS_MATH main.o
    em++ -sPRINTF_LONG_DOUBLE main.o
    em++ -mbulk-memory main.o
    em++ -mno-bulk-memory main.o
    em++ -msimd128 -msse4.1 main.o
    em++ -sMIN_SAFARI_VERSION=140100 main.o
    em++ -sALLOW_UNIMPLEMENTED_SYSCALLS=0 main.o
    em++ -sGROWABLE_ARRAYBUFFERS=2 -sSTANDALONE_WASM main.o
""")

NOTHING = _lines("""
    em++ -nostdlib main.o
    em++ -nodefaultlibs main.o
    em++ -nostartfiles main.o
    em++ -nolibc main.o
    em++ -nostdlib -lc main.o
    em++ -nodefaultlibs -lc -lclang_rt.builtins main.o
    em++ -nolibc -sSTANDALONE_WASM main.o
    em++ -nostartfiles -sPROXY_TO_PTHREAD -pthread main.o
    em++ -nostdlib -pthread main.o -lc
    em++ -sAUTO_NATIVE_LIBRARIES=0 main.o
    em++ -c main.cpp
    em++ -c main.cpp -flto=thin -sMEMORY64
    emcc -E main.c
    emcc -S main.c -o main.s
    emcc -fsyntax-only main.c
""")

LIBRARIES = _lines("""
    em++ -sMALLOC=emmalloc main.o
    em++ -sMALLOC=emmalloc-debug main.o
    em++ -sMALLOC=emmalloc-memvalidate main.o
    em++ -sMALLOC=emmalloc-verbose main.o
    em++ -sMALLOC=mimalloc -pthread main.o
    em++ -sMALLOC=mimalloc main.o
    em++ -sMALLOC=dlmalloc main.o
    em++ -sMALLOC=none main.o
    em++ -sABORTING_MALLOC=0 main.o
    em++ -sEMSCRIPTEN_TRACING main.o
    em++ --memoryprofiler main.o
    em++ -sWASMFS main.o
    emcc -sWASMFS -pthread main.o
    em++ -sWASMFS -sFORCE_FILESYSTEM main.o
    em++ -sWASMFS -sNODERAWFS main.o
    em++ -sWASMFS -sCASE_INSENSITIVE_FS main.o
    em++ -sNODERAWFS main.o
    em++ --embed-file data.txt main.o
    em++ --preload-file data.txt main.o
    em++ -sFULL_ES2 main.o
    em++ -sFULL_ES3 main.o
    em++ -sLEGACY_GL_EMULATION main.o
    em++ -sMAX_WEBGL_VERSION=2 main.o
    em++ -sMIN_WEBGL_VERSION=2 -sMAX_WEBGL_VERSION=2 -O3 main.o
    em++ -sGL_ENABLE_GET_PROC_ADDRESS=0 main.o
    em++ -sGL_ENABLE_GET_PROC_ADDRESS=1 -sMAX_WEBGL_VERSION=2 main.o
    em++ -sGL_SUPPORT_EXPLICIT_SWAP_CONTROL -sOFFSCREEN_FRAMEBUFFER main.o
    em++ -sGL_WORKAROUND_SAFARI_GETCONTEXT_BUG=0 main.o -lGL
    em++ main.o -lGL -lEGL -lglfw
    em++ main.o -lGLESv2 -lglut -lGLEW -lX11
    em++ main.o -lembind
    em++ --bind main.o
    em++ -O3 -pthread main.o -lembind
    em++ -fno-rtti -sMAIN_MODULE=2 main.o -lembind
    em++ main.o -lc -lm -lpthread -ldl -lrt
    em++ main.o -lc++ -lstdc++
    em++ main.o -lc++-noexcept
    em++ main.o -lGL-mt
    em++ main.o -lopenal -lal
    em++ main.o -lhtml5 -lwebgl.js
    em++ -sFETCH main.o
    em++ -sFETCH -pthread main.o
    em++ main.o -lidbfs.js -lnodefs.js
    em++ main.o -lwebsocket.js
    em++ -sUSE_WEBGPU main.o
    em++ main.o -lSDL
    em++ -sUSE_GLFW=3 main.o
    em++ -sSTB_IMAGE main.o
    em++ main.o -lwasm_workers
    em++ main.o -ljsmath -lstubs
    em++ --pre-js main.js --post-js main.js --js-library main.js main.o
    em++ -DWEBIDL --post-js main.js -sEXPORTED_RUNTIME_METHODS=UTF8ToString main.o
    em++ main.o -lunknown
""")

PORTS = _lines("""
    em++ -sUSE_ZLIB main.o
    em++ --use-port=zlib main.o
    em++ -sUSE_LIBPNG main.o
    em++ -sUSE_LIBPNG -pthread main.o
    em++ -sUSE_LIBPNG -sSUPPORT_LONGJMP=wasm main.o
    em++ -sUSE_SDL=2 main.o
    em++ -sUSE_SDL=2 -pthread -flto=thin -sMEMORY64 main.o
    em++ -sUSE_SDL=2 -sUSE_SDL_IMAGE=2 -sSDL2_IMAGE_FORMATS=png,jpg main.o
    em++ --use-port=sdl2_image:formats=png main.o
    em++ --use-port=sdl2_mixer:formats=ogg,mp3 main.o
    em++ --use-port=sdl2 main.o -lSDL2
    em++ -sUSE_SDL_TTF=2 -sUSE_SDL=2 main.o
    em++ -sUSE_FREETYPE -sUSE_HARFBUZZ main.o
    em++ -sUSE_BZIP2 -sUSE_SQLITE3 main.o
    em++ -sUSE_BOOST_HEADERS main.o
    em++ -sUSE_ICU main.o
    em++ --use-port=contrib.glfw3 main.o
    em++ --use-port=contrib.glfw3:optimizationLevel=3:disableWarning=true main.o
    em++ --use-port=contrib.glfw3:value=3 main.o
    em++ --use-port=emdawnwebgpu main.o
    em++ -sUSE_SDL=3 main.o
    em++ --use-port=own.py main.o
    em++ --use-port=own.py:value=7 main.o
    em++ -sUSE_ZLIB -sMAIN_MODULE=2 main.o
    em++ -sUSE_ZLIB -sSIDE_MODULE=2 main.o -o side.wasm
    em++ -sUSE_ZLIB main.cpp
    em++ -sUSE_ZLIB main.cpp side.so
    em++ -sUSE_ZLIB -c main.cpp
    em++ -sUSE_COCOS2D=3 main.o
    em++ -sUSE_VORBIS main.o
    em++ -sUSE_BULLET -sUSE_GIFLIB main.o
""")

ENVIRONMENT = [
    *_lines('em++ main.o', EMCC_CFLAGS='-flto=thin -pthread'),
    *_lines('em++ main.o\nemcc -pthread -O2 main.o', EMCC_FORCE_STDLIBS='1'),
    *_lines('em++ main.o', EMCC_FORCE_STDLIBS='libc,libc++abi'),
    *_lines('em++ -nodefaultlibs main.o', EMCC_FORCE_STDLIBS='libc'),
    *_lines('em++ main.o', EMCC_FORCE_STDLIBS='libc,libc++', EMCC_ONLY_FORCED_STDLIBS='1'),
    *_lines('em++ main.o', EMCC_FORCE_STDLIBS='libmissing'),
    *_lines('em++ main.o', EMCC_STRICT='1'),
    *_lines('emcc main.o', EMMAKEN_JUST_CONFIGURE='1'),
    *_lines('em++ main.o', EMCC_AUTODEBUG='1'),
]

REFUSED = _lines("""
    em++ main.o @missing.rsp
    em++ -sNO_SUCH_SETTING main.o
    em++ -sMEMORY64 --target=wasm32 main.o
    em++ -sPROXY_TO_PTHREAD main.o
    em++ -sEXPORTED_FUNCTIONS=@missing.txt main.o
    em++ --use-port=missing.py main.o
    em++ --use-port=no_such_port main.o
    em++ --use-port=zlib:no=option main.o
    em++ -fwasm-exceptions -sDISABLE_EXCEPTION_CATCHING=0 main.o
    em++ -fsanitize=address -sSAFE_HEAP main.o
    em++ -fsanitize=address -sWASM_WORKERS main.o
    em++ main.o -lmissing.js
    em++ -msse main.o main.cpp
    em++ --oformat=nonsense main.o
    em++ -pthreads main.o
    em++ -Werror -sUSE_PTHREADS=1 -sTOTAL_MEMORY=16777216 -sASM_JS=0 main.o
    em++ -sINITIAL_MEMORY=1 main.o
""")

LINKS = (*PLAIN, *LEVELS, *MODES, *THREADS, *EXCEPTIONS, *SANITIZERS, *STANDALONE, *NOTHING, *LIBRARIES, *PORTS,
         *ENVIRONMENT, *REFUSED)
#: About 25 lines of all kinds, for runs that have to be quick.
SAMPLE = LINKS[::11]
