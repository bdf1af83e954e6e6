"""Changes of LLVM bitcode (see `bitcode.c`)."""

from __future__ import annotations

import ctypes
from pathlib import Path

from .c_programs import bitcode_library

#: More bytes than a result may be longer than what it was made from: alignment.
_LONGER = 64
_MOST_FUNCTIONS = 1 << 16


class BitcodeEditor:
    """The library that changes bitcode."""

    def __init__(self, directory: Path) -> None:
        """`directory`: where it is kept, made if missing. Raises `OSError` if there is no C compiler to make it."""
        file = bitcode_library(directory)
        if file is None:
            raise OSError('no C compiler could make the library for bitcode')
        library = ctypes.CDLL(str(file))
        self._functions = library.remove_local_names, library.remove_types, library.list_names
        for function in self._functions:
            function.restype = ctypes.c_long
            function.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]

    def remove_local_names(self, bitcode: bytes) -> bytes | None:
        """The bitcode without names of local values, as clang writes it; None if it is not understood."""
        return self._edit(0, bitcode)

    def remove_types(self, bitcode: bytes) -> bytes | None:
        """The bitcode without types of vtables, as without `-flto-unit`; None if it is not understood."""
        return self._edit(1, bitcode)

    def names(self, content: bytes) -> set[bytes] | None:
        """The names of all symbols of bitcode, or of an object in WebAssembly; None if it is not understood."""
        listed = self._edit(2, content)
        return None if listed is None else set(listed.split(b'\n')) - {b''}

    def _edit(self, which: int, bitcode: bytes) -> bytes | None:
        out = ctypes.create_string_buffer(len(bitcode) + _LONGER)
        moved = (ctypes.c_uint64 * (2 * _MOST_FUNCTIONS))()
        size = self._functions[which](bitcode, len(bitcode), out, moved, _MOST_FUNCTIONS)
        return out.raw[:size] if size >= 0 else None
