"""Indexes: which symbols each member of an archive defines and refers to, known without the archive."""

from .table import Index, Member

__all__ = ['Index', 'Member']
