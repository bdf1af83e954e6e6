"""Indexes: which symbols each member of an archive defines and refers to, known without the archive."""

from .index import MemberSymbols, SymbolIndex

__all__ = ['MemberSymbols', 'SymbolIndex']
