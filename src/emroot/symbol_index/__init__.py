"""Symbol indexes: the symbols that each member of an archive defines and references, without the archive."""

from .index import MemberSymbols, SymbolIndex

__all__ = ['MemberSymbols', 'SymbolIndex']
