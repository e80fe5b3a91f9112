"""Every class of pages has a name, and who can be in the way has something that ends it."""

from zonecma.kernel.buffer_heads import BH_LRU_SIZE
from zonecma.kernel.page_class import PageClass
from zonecma.report.page_classes import NAMES, NEEDS

STAYS = {PageClass.SLAB, PageClass.KERNEL, PageClass.UNKNOWN}
"""No attempt moves these, or nobody knows."""


def test_every_class_has_a_name_of_its_own():
    assert set(NAMES) == set(PageClass)
    assert len(set(NAMES.values())) == len(PageClass)


def test_every_class_that_can_block_has_a_need():
    assert set(NEEDS) == set(PageClass) - STAYS


def test_a_need_ends_the_sentence_another_attempt_needs():
    for need in NEEDS.values():
        assert need[0].islower() or need[0].isdigit()
        assert not need.endswith(".") and not need.startswith("another attempt")


def test_as_many_buffers_as_a_cpu_remembers():
    assert NEEDS[PageClass.BUFFER_HEAD].startswith(f"{BH_LRU_SIZE} other buffers")
