"""cma_alloc and cma_release (mm/cma.c) over alloc_contig_range (mm/page_alloc.c), 6.12 and 4.7.

First fit in the area's bitmap; while a range is busy the search slides on by one alignment.
"""

from __future__ import annotations

from zonecma.kernel.blocked import note_blocked
from zonecma.kernel.contig import migrate_range
from zonecma.kernel.features import ALIGNS_FRAMES, DRAINS_EACH_BLOCK, has
from zonecma.kernel.free import free_pages
from zonecma.kernel.isolation import (
    find_large_buddy,
    isolate_freepages_range,
    start_isolate_page_range,
    undo_isolate_page_range,
)
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.memory import Memory, charge
from zonecma.kernel.move import EBUSY, ENOMEM, OK
from zonecma.kernel.pcp import drain_all_pages
from zonecma.kernel.state import State
from zonecma.kernel.units import (
    NO_PFN,
    Area,
    Bit,
    Code,
    Cpu,
    Migratetype,
    Order,
    Pages,
    Pfn,
    User,
    ZoneIndex,
)
from zonecma.kernel.users import UNKNOWN_USER, prep_new_page
from zonecma.kernel.zone import NO_ZONE

NO_BIT = Bit(-1)
FIRST_BIT = Bit(0)

FREE = Code(0)
TAKEN = Code(1)


@primitive
def bitmap_mask(s: State, area: Area, align: Order) -> Bit:
    """Bits that a start must share with the area's base (cma_bitmap_aligned_mask)."""
    return Bit((1 << max(align - s.cma[area].order_per_bit, 0)) - 1)


@primitive
def bitmap_offset(s: State, area: Area, align: Order) -> Bit:
    """Bits between an aligned frame and the area's base (cma_bitmap_aligned_offset).

    4.7 counts on to the next aligned frame instead of back to the last one.
    """
    misaligned = s.cma[area].base_pfn & ((1 << align) - 1)
    if misaligned and not has(s, ALIGNS_FRAMES):
        misaligned = (1 << align) - misaligned
    return Bit(misaligned >> s.cma[area].order_per_bit)


@primitive
def bits_of(s: State, area: Area, nr_pages: Pages) -> Bit:
    """Bits that stand for so many frames, rounded up (cma_bitmap_pages_to_bits)."""
    return Bit(-(-nr_pages >> s.cma[area].order_per_bit))


@primitive
def bit_to_pfn(s: State, area: Area, bit: Bit) -> Pfn:
    """First frame of a bit."""
    return Pfn(s.cma[area].base_pfn + (bit << s.cma[area].order_per_bit))


@primitive
def pfn_to_bit(s: State, area: Area, pfn: Pfn) -> Bit:
    """The bit that stands for a frame."""
    return Bit((pfn - s.cma[area].base_pfn) >> s.cma[area].order_per_bit)


@primitive
def next_try(s: State, area: Area, align: Order, bit: Bit) -> Bit:
    """Where the search goes on after a busy range."""
    return Bit(bit + bitmap_mask(s, area, align) + 1)


@jit
def find_zero_bits(s: State, area: Area, nr_pages: Pages, align: Order, start: Bit) -> Bit:
    """First aligned run of free bits at or after ``start`` (bitmap_find_next_zero_area_off); NO_BIT.

    Nothing is found for a request of no page: cma_alloc returns at once.
    """
    if nr_pages <= 0:
        return NO_BIT
    mask, offset = bitmap_mask(s, area, align), bitmap_offset(s, area, align)
    wanted, total = bits_of(s, area, nr_pages), bits_of(s, area, Pages(s.cma[area].count))
    first = s.cma[area].first_bit
    bit = start
    while True:
        while bit < total and s.bitmap[first + bit]:
            bit = Bit(bit + 1)
        bit = Bit(((bit + offset + mask) & ~mask) - offset)
        if bit + wanted > total:
            return NO_BIT
        run = 0
        while run < wanted and not s.bitmap[first + bit + run]:
            run += 1
        if run == wanted:
            return bit
        bit = Bit(bit + run + 1)


@jit
def mark_bits(s: State, area: Area, pfn: Pfn, nr_pages: Pages, as_what: Code) -> None:
    """Mark a range of the area as TAKEN or FREE."""
    first = s.cma[area].first_bit + pfn_to_bit(s, area, pfn)
    for bit in range(first, first + bits_of(s, area, nr_pages)):
        s.bitmap[bit] = as_what


@primitive
def range_zone(s: State, pfn: Pfn) -> ZoneIndex:
    """The zone of a contiguous range: ranges never span zones."""
    return ZoneIndex(s.frame[pfn].zone)


@primitive
def is_lent(s: State, pfn: Pfn) -> bool:
    """Whether a range is a zone's, which lends it: a carved-out one is its devices' alone."""
    return range_zone(s, pfn) != NO_ZONE


@jit
def begin_contig_range(s: State, start: Pfn, end: Pfn, migratetype: Migratetype) -> bool:
    """First step of alloc_contig_range: isolate, then drain every CPU's lists of the zone.

    Where each isolated block was followed by a drain, nothing is left for this one.
    """
    if not start_isolate_page_range(s, start, end, migratetype):
        return False
    drain_all_pages(s, range_zone(s, start))
    return True


@jit
def own_range(s: State, start: Pfn, end: Pfn) -> None:
    """Hand out the frames of a range one by one (split_free_pages)."""
    for pfn in range(start, end):
        prep_new_page(s, Pfn(pfn), Order(0), UNKNOWN_USER)


@jit
def free_contig_range(s: State, cpu: Cpu, start: Pfn, end: Pfn) -> None:
    """Free a range frame by frame, ascending (free_contig_range)."""
    for pfn in range(start, end):
        free_pages(s, cpu, Pfn(pfn), Order(0))


@jit
def alloc_contig_range(
    s: State, m: Memory, cpu: Cpu, start: Pfn, end: Pfn, target_user: User
) -> tuple[Code, Pages]:
    """Take every frame of a range: OK, EBUSY or ENOMEM, and the frames moved out of the way.

    Its pageblocks are given back as areas' are, whatever they were: MIGRATE_CMA, or MIGRATE_MOVABLE
    where a zone of its own holds them (patch 5 of the ZONE_CMA series).
    """
    migratetype = Migratetype(s.config[0].area_migratetype)
    charge(m, m.cost[0].isolate_block * ((end - start) >> s.config[0].pageblock_order))
    if not begin_contig_range(s, start, end, migratetype):
        return EBUSY, Pages(0)
    error, moved = migrate_range(s, m, cpu, start, end, target_user)
    if has(s, DRAINS_EACH_BLOCK) and error != ENOMEM:  # what is in the way is looked for afterwards
        drain_all_pages(s, range_zone(s, start))
    if error == OK:
        outer_start = find_large_buddy(s, start)
        outer_end = isolate_freepages_range(s, start, end)
        if outer_end == NO_PFN:
            error = EBUSY
        else:
            own_range(s, outer_start, outer_end)
            free_contig_range(s, cpu, outer_start, start)
            free_contig_range(s, cpu, end, outer_end)
    if error != OK:
        note_blocked(s, m, start, end)
    undo_isolate_page_range(s, start, end, migratetype)
    return error, moved


@jit
def cma_alloc(
    s: State, m: Memory, cpu: Cpu, area: Area, nr_pages: Pages, align: Order, target_user: User
) -> tuple[Pfn, Pages]:
    """Allocate contiguous frames: the first frame or NO_PFN, and the frames moved in all attempts.

    A range outside every zone (a carved-out area) needs no isolation: its bits decide.
    """
    moved, bit = Pages(0), FIRST_BIT
    m.vm[0].call += 1
    while True:
        bit = find_zero_bits(s, area, nr_pages, align, bit)
        if bit == NO_BIT:
            return NO_PFN, moved
        pfn = bit_to_pfn(s, area, bit)
        mark_bits(s, area, pfn, nr_pages, TAKEN)
        if not is_lent(s, pfn):
            return pfn, moved
        error, more = alloc_contig_range(s, m, cpu, pfn, Pfn(pfn + nr_pages), target_user)
        moved = Pages(moved + more)
        if error == OK:
            return pfn, moved
        mark_bits(s, area, pfn, nr_pages, FREE)
        if error == ENOMEM:
            return NO_PFN, moved
        bit = next_try(s, area, align, bit)


@jit
def cma_release(s: State, cpu: Cpu, area: Area, pfn: Pfn, nr_pages: Pages) -> None:
    """Give contiguous frames back (cma_release)."""
    if is_lent(s, pfn):
        free_contig_range(s, cpu, pfn, Pfn(pfn + nr_pages))
    mark_bits(s, area, pfn, nr_pages, FREE)
