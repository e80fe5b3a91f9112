"""cma_alloc and cma_release (mm/cma.c) over alloc_contig_range (mm/page_alloc.c), 6.12 and 4.7.

First fit in the area's bitmap; while a range is busy the search slides on by one alignment.
"""

from __future__ import annotations

from zonecma.kernel.blocked import note_blocked
from zonecma.kernel.contig import migrate_next, prepare_migration
from zonecma.kernel.contig_call import EMPTYING, OVER, SEARCHING
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
def _take_range(s: State, cpu: Cpu, start: Pfn, end: Pfn) -> Code:
    """Take the frames of a range that is empty: OK or EBUSY (test_pages_isolated)."""
    outer_start = find_large_buddy(s, start)
    outer_end = isolate_freepages_range(s, start, end)
    if outer_end == NO_PFN:
        return EBUSY
    own_range(s, outer_start, outer_end)
    free_contig_range(s, cpu, outer_start, start)
    free_contig_range(s, cpu, end, outer_end)
    return OK


@jit
def _finish_contig_range(s: State, m: Memory, cpu: Cpu, start: Pfn, end: Pfn, error: Code) -> Code:
    """Last step of alloc_contig_range, after its frames were moved or ``error`` stopped that.

    Its pageblocks are given back as areas' are, whatever they were: MIGRATE_CMA, or MIGRATE_MOVABLE
    where a zone of its own holds them (patch 5 of the ZONE_CMA series).
    """
    if has(s, DRAINS_EACH_BLOCK) and error != ENOMEM:  # what is in the way is looked for afterwards
        drain_all_pages(s, range_zone(s, start))
    if error == OK:
        error = _take_range(s, cpu, start, end)
    if error != OK:
        note_blocked(s, m, start, end)
    undo_isolate_page_range(s, start, end, Migratetype(s.config[0].area_migratetype))
    return error


@jit
def _leave_range(s: State, m: Memory, error: Code) -> None:
    """Go on behind a busy range, or fail for want of memory."""
    call = m.call[0]
    mark_bits(s, Area(call.area), Pfn(call.start), Pages(call.pages), FREE)
    call.start, call.phase = NO_PFN, OVER if error == ENOMEM else SEARCHING
    call.bit = next_try(s, Area(call.area), Order(call.align), Bit(call.bit))


@jit
def _try_range(s: State, m: Memory) -> None:
    """Isolate the next range whose bits are free.

    A range outside every zone (a carved-out area) needs no isolation: its bits decide.
    """
    call = m.call[0]
    area, pages = Area(call.area), Pages(call.pages)
    call.bit = find_zero_bits(s, area, pages, Order(call.align), Bit(call.bit))
    call.phase = OVER
    if call.bit == NO_BIT:
        return
    start = bit_to_pfn(s, area, Bit(call.bit))
    call.start = call.pfn = start
    mark_bits(s, area, start, pages, TAKEN)
    if not is_lent(s, start):
        return
    charge(m, m.cost[0].isolate_block * (pages >> s.config[0].pageblock_order))
    if begin_contig_range(s, start, Pfn(start + pages), Migratetype(s.config[0].area_migratetype)):
        prepare_migration(s, m)
        call.phase = EMPTYING
    else:
        _leave_range(s, m, EBUSY)


@jit
def _empty_batch(s: State, m: Memory) -> None:
    """Move the range's next batch; after the last one the range is taken, or left."""
    call, error = m.call[0], OK
    cpu, start, end = Cpu(call.cpu), Pfn(call.start), Pfn(call.start + call.pages)
    if call.pfn < end:
        call.pfn, error, moved = migrate_next(s, m, cpu, Pfn(call.pfn), end, User(call.target_user))
        call.moved += moved
    if error == OK and call.pfn < end:
        return
    error = _finish_contig_range(s, m, cpu, start, end, error)
    if error == OK:
        call.phase = OVER
    else:
        _leave_range(s, m, error)


@jit
def begin_cma_alloc(
    m: Memory, cpu: Cpu, area: Area, nr_pages: Pages, align: Order, target_user: User
) -> None:
    """Begin to allocate contiguous frames; ``m.call`` is the call under way."""
    call = m.call[0]
    m.vm[0].call += 1
    call.cpu, call.area, call.pages, call.align, call.target_user = cpu, area, nr_pages, align, target_user
    call.phase, call.bit, call.start, call.moved = SEARCHING, FIRST_BIT, NO_PFN, 0


@jit
def step_cma_alloc(s: State, m: Memory) -> bool:
    """Go on with the call under way, up to where another task may run; whether it is over."""
    if m.call[0].phase == SEARCHING:
        _try_range(s, m)
    else:
        _empty_batch(s, m)
    return m.call[0].phase == OVER  # type: ignore[no-any-return]


@jit
def cma_alloc(
    s: State, m: Memory, cpu: Cpu, area: Area, nr_pages: Pages, align: Order, target_user: User
) -> tuple[Pfn, Pages]:
    """Allocate contiguous frames while nobody else runs: the first or NO_PFN, and the frames moved."""
    begin_cma_alloc(m, cpu, area, nr_pages, align, target_user)
    while not step_cma_alloc(s, m):
        pass
    return Pfn(m.call[0].start), Pages(m.call[0].moved)


@jit
def cma_release(s: State, cpu: Cpu, area: Area, pfn: Pfn, nr_pages: Pages) -> None:
    """Give contiguous frames back (cma_release)."""
    if is_lent(s, pfn):
        free_contig_range(s, cpu, pfn, Pfn(pfn + nr_pages))
    mark_bits(s, area, pfn, nr_pages, FREE)
