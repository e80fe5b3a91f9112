"""Random sequences of everything that a program and a driver can do, against the invariants."""

import itertools

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.machines import (
    ALLOC,
    BUFFER,
    BULK,
    CMA_ALLOC,
    CMA_RELEASE,
    COLD,
    DECAY,
    DRAIN,
    FREE_COLD,
    FREE_PAGES,
    KERNEL,
    MOVABLE,
    RECLAIMABLE,
    act,
    booted,
    log,
)
from zonecma.kernel.rules import NEWEST, RULES
from zonecma.kernel.tracepoint import MM_PAGE_ALLOC
from zonecma.kernel.validate import validate
from zonecma.kernel.zone import ZONE_DMA32
from zonecma.placement import HalfFree, LastResort

CLASSES = st.sampled_from([MOVABLE, MOVABLE, KERNEL, BUFFER, RECLAIMABLE, COLD])


class Allocator(RuleBasedStateMachine):
    """A small machine; the test's own books say who holds what."""

    kernel = NEWEST

    @initialize(
        cpus=st.integers(1, 3),
        placement=st.sampled_from([HalfFree(), HalfFree(0.0), LastResort()]),
        mib=st.sampled_from([12, 24]),
    )
    def boot(self, cpus, placement, mib):
        self.state = booted(mib=mib, cma_mib=8, cpus=cpus, placement=placement, rules=self.kernel)
        self.cpus, self.objects, self.singles, self.calls = cpus, {}, [], []
        self.pages = mib * 256
        self.unused_numbers = list(range(self.pages + 1))

    @rule(cpu=st.integers(0, 2), user=CLASSES, order=st.sampled_from([0, 0, 0, 1, 2, 3, 4, 6, 9, 10]))
    def allocate(self, cpu, user, order):
        number = self.unused_numbers.pop()
        if act(self.state, ALLOC, cpu % self.cpus, user, order, number) >= 0:
            self.objects[number] = (user, order)
        else:
            self.unused_numbers.append(number)

    def release_object(self, cpu, number):
        _, order = self.objects.pop(number)
        self.unused_numbers.append(number)
        act(self.state, FREE_PAGES, cpu % self.cpus, int(self.state.object_pfn[number]), order, 0)

    @rule(cpu=st.integers(0, 2), count=st.integers(20, 400), user=CLASSES)
    def allocate_many(self, cpu, count, user):
        for _ in range(count):
            self.allocate(cpu, user, 0)

    @rule(cpu=st.integers(0, 2), count=st.integers(1, 60))
    def bulk(self, cpu, count):
        act(self.state, BULK, cpu % self.cpus, KERNEL, count, 0)
        got = [pfn for event, pfn, _ in log(self.state) if event == MM_PAGE_ALLOC]
        assert len(set(got)) == len(got) <= count
        self.singles += got

    @rule(cpu=st.integers(0, 2), data=st.data())
    def free(self, cpu, data):
        if self.objects:
            self.release_object(cpu, data.draw(st.sampled_from(sorted(self.objects))))

    @rule(cpu=st.integers(0, 2), keep_every=st.integers(2, 9))
    def free_many(self, cpu, keep_every):
        for number in [n for i, n in enumerate(sorted(self.objects)) if i % keep_every]:
            self.release_object(cpu, number)

    @rule(cpu=st.integers(0, 2))
    def free_singles(self, cpu):
        for pfn in self.singles:
            act(self.state, FREE_PAGES, cpu % self.cpus, pfn, 0, 0)
        self.singles = []

    @rule(cpu=st.integers(0, 2), count=st.integers(1, 1500), align=st.integers(0, 10))
    def contiguous(self, cpu, count, align):
        pfn = act(self.state, CMA_ALLOC, cpu % self.cpus, 0, count, align)
        if pfn >= 0:
            assert (pfn & ((1 << align) - 1)) == 0
            self.calls.append((int(pfn), count))

    @rule(cpu=st.integers(0, 2))
    def release(self, cpu):
        if self.calls:
            pfn, count = self.calls.pop()
            act(self.state, CMA_RELEASE, cpu % self.cpus, 0, pfn, count)

    @rule(cpu=st.integers(0, 2), everything=st.booleans())
    def drain(self, cpu, everything):
        act(self.state, DRAIN if everything else DECAY, cpu % self.cpus, 0, 0, 0)

    @invariant()
    def sound(self):
        if hasattr(self, "state"):
            validate(self.state)
            assert not self.state.zone.nr_isolate_pageblock.any()  # isolation ends with its call

    @invariant()
    def nobody_shares_a_frame(self):
        if not hasattr(self, "state"):
            return
        held = [(int(self.state.object_pfn[n]), 1 << order) for n, (_, order) in self.objects.items()]
        held += [(pfn, 1) for pfn in self.singles] + self.calls
        ends = sorted((pfn, pfn + size) for pfn, size in held)
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(ends))
        in_use = sum(size for _, size in held)
        free = int(self.state.zone[ZONE_DMA32].nr_free_pages) + int(self.state.pcp["count"].sum())
        assert free + in_use == self.pages

    @invariant()
    def only_movable_pages_are_in_the_area(self):
        if hasattr(self, "state"):
            base = int(self.state.cma[0].base_pfn)
            users = {user for n, (user, _) in self.objects.items() if self.state.object_pfn[n] >= base}
            assert users <= {MOVABLE, BUFFER, COLD}
            assert all(pfn < base for pfn in self.singles)


class AllocatorOf47(Allocator):
    """The same under the rules of 4.7, which know cold pages."""

    kernel = RULES["4.7"]

    @rule(cpu=st.integers(0, 2), count=st.integers(1, 60))
    def free_cold(self, cpu, count):
        for number in [n for n, (_, order) in sorted(self.objects.items()) if order == 0][:count]:
            del self.objects[number]
            self.unused_numbers.append(number)
            act(self.state, FREE_COLD, cpu % self.cpus, int(self.state.object_pfn[number]), 0, 0)


class AllocatorOf61(Allocator):
    """The same under the rules of 6.1."""

    kernel = RULES["6.1"]


TestAllocator = Allocator.TestCase
TestAllocatorOf61 = AllocatorOf61.TestCase
TestAllocatorOf47 = AllocatorOf47.TestCase
SETTINGS = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestAllocator.settings = TestAllocatorOf61.settings = TestAllocatorOf47.settings = SETTINGS
