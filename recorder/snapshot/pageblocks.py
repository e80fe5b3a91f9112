"""Pageblocks of a zone: a hexadecimal digit each, the migratetype in its low three bits."""

from __future__ import annotations

from drgn import Program, sizeof

_SECTION_ORDER, _BLOCK_ORDER = 15, 9
"""128 MiB sections and 2 MiB pageblocks: x86-64."""
_BITS = 4
"""of each pageblock: three for the migratetype, compaction's skip"""
_WORD = 64
_PAGE = 4096


def pageblocks(program: Program, start: int, spanned: int) -> str:
    """The digits of the pageblocks that a span touches; ``-`` in sections without memory."""
    blocks = range(start >> _BLOCK_ORDER, -(-(start + spanned) >> _BLOCK_ORDER))
    return "".join(_digit(program, block) for block in blocks)


def _digit(program: Program, block: int) -> str:
    sections_a_page = _PAGE // sizeof(program.type("struct mem_section"))
    section = block >> (_SECTION_ORDER - _BLOCK_ORDER)
    page = program["mem_section"][section // sections_a_page]
    if not page or not (usage := page[section % sections_a_page].usage):
        return "-"
    bit = (block & ((1 << (_SECTION_ORDER - _BLOCK_ORDER)) - 1)) * _BITS
    word = int(usage.pageblock_flags[bit // _WORD])
    return f"{word >> (bit % _WORD) & (1 << _BITS) - 1:x}"
