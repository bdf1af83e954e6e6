/* clang.exe, llvm-ar.exe and so on, of a zig.exe that has them all: `clang.exe ARGS` becomes `PROGRAM OPTION... ARGS`.
   What PROGRAM and options are stands in `<name>.txt` beside it, one line. */
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include <windows.h>

int wmain(void) {
  static wchar_t own[32768], line[65536];
  static char first[16384];
  GetModuleFileNameW(NULL, own, 32768);
  wcscpy(wcsrchr(own, L'.'), L".txt");
  FILE *file = _wfopen(own, L"rb");
  if (!file || !fgets(first, sizeof first, file)) return 125;
  int length = MultiByteToWideChar(CP_UTF8, 0, first, -1, line, 32768) - 1;
  const wchar_t *rest = GetCommandLineW();
  for (int quoted = 0; *rest && (quoted || *rest != L' '); rest++)
    if (*rest == L'"') quoted = !quoted;
  wcscpy(line + length, rest);
  STARTUPINFOW start = {.cb = sizeof start};
  PROCESS_INFORMATION process;
  DWORD code = 126;
  if (!CreateProcessW(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &process)) return 126;
  WaitForSingleObject(process.hProcess, INFINITE);
  GetExitCodeProcess(process.hProcess, &code);
  return (int)code;
}
