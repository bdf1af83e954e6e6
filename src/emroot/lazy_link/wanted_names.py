"""The names for which the linker looks in archives, and where it finds them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set

from ..symbol_index import SymbolIndex
from .index_proof import INPUT, NOWHERE, LinkPosition
from .symbols.symbol_closure import IMPORTED, Roots, SymbolClosure

#: Names that the linker defines or looks for by itself.
_LINKERS = '''_initialize _start main __main_argc_argv __main_void __original_main
    __data_end __dso_handle __global_base __heap_base __heap_end __indirect_function_table __memory_base __memory_base32
    __rodata_end __rodata_start __stack_high __stack_low __stack_pointer __table_base __table_base32 __tls_align __tls_base
    __tls_size __wasm_apply_data_relocs __wasm_apply_global_relocs __wasm_apply_global_tls_relocs __wasm_apply_tls_relocs
    __wasm_call_ctors __wasm_call_dtors __wasm_first_page_end __wasm_init_memory __wasm_init_memory_flag __wasm_init_tls
    __wasm_start __wasm_get_tls_base __wasm_set_tls_base __init_tls_base'''


def wanted_names(closure: SymbolClosure, archives: Sequence[tuple[SymbolIndex, Set[str]]], roots: Roots,
                 weak: Collection[str]) -> Mapping[str, LinkPosition]:
    """Each name with the position of what defines it first: an input, or a member whose symbols are known for certain (as
    `archives` says of each). What comes later cannot provide the name."""
    names = {*roots.wanted, *roots.weak, *weak, *_LINKERS.split()}
    names.update(f'{prefix}{name}' for name in roots.wrapped for prefix in ('__wrap_', '__real_'))
    provided = dict.fromkeys(roots.defined, INPUT)
    for number, ((index, known), needed) in enumerate(zip(archives, closure.needed, strict=True)):
        for at, member in enumerate(index.members):
            if member.name in needed:
                names.update(member.undefined, member.weak)
            if member.name in known:
                for name in member.defined:
                    provided.setdefault(name, (number, at))
    for name in list(names):  # JavaScript functions, which need others if they are wanted
        for function in (name, name.removeprefix(IMPORTED)):
            names.update(roots.stubs.get(function, ()))
    return {name: provided.get(name, NOWHERE) for name in names}
