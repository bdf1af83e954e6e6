"""Targets that tests build: small, and of every release."""

from __future__ import annotations

#: Small targets of many kinds, by the names of all releases: a start file, C, debug, C++, `.S`, and one that ignores LTO.
SMALL = ('crt1', 'libnoexit', 'libstubs-debug', 'libal', 'libembind', 'libwasm_workers-debug', 'libbulkmemory',
         'libprintf_long_double')
#: Some fifty compiles in C, a few seconds' work, without variants of one another.
SOME_SECONDS = ('libsockets', 'libstandalonewasm', 'libhtml5')
