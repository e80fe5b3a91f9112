"""The model's hot path, an allocation and a free, beside a minimal buddy allocator in C and malloc."""

import ctypes

import numpy as np
import pytest
from numba import njit
from tests.machines import MOVABLE, booted

from zonecma.kernel.alloc import alloc_pages
from zonecma.kernel.free import free_pages
from zonecma.kernel.jit import entry
from zonecma.kernel.tracepoint import trace_reset
from zonecma.kernel.units import Cpu, Order, User

PAIRS = 1_000_000
IN_FLIGHT = 64

LIBC = ctypes.CDLL(None)
malloc, free = LIBC.malloc, LIBC.free
malloc.argtypes, malloc.restype = [ctypes.c_size_t], ctypes.c_void_p
free.argtypes, free.restype = [ctypes.c_void_p], None


@entry
def model_pairs(state, held, order, pairs):
    """Allocate as many chunks as ``held`` has room for, free them in the same order, and so on."""
    for _ in range(pairs // held.size):
        trace_reset(state)
        for i in range(held.size):
            held[i] = alloc_pages(state, Cpu(0), User(MOVABLE), Order(order))
        for i in range(held.size):
            free_pages(state, Cpu(0), held[i], Order(order))


@njit
def malloc_pairs(held, size, pairs):
    """The same with the C library."""
    for _ in range(pairs // held.size):
        for i in range(held.size):
            held[i] = malloc(size)
        for i in range(held.size):
            free(held[i])


@pytest.mark.parametrize("order", [0, 3, 9])
def test_model(rate, order):
    state, held = booted(mib=512, cma_mib=64), np.zeros(IN_FLIGHT, np.int64)
    rate(lambda: model_pairs(state, held, order, PAIRS), PAIRS, "allocations and frees")


@pytest.mark.parametrize("order", [0, 3, 9])
def test_buddy_in_c(rate, buddy, order):
    held = np.zeros(IN_FLIGHT, np.int32)
    with buddy(512 << 8) as one:
        rate(lambda: one.pairs(held, order, PAIRS), PAIRS, "allocations and frees")


@pytest.mark.parametrize("size", [64, 4096])
def test_malloc(rate, size):
    held = np.zeros(IN_FLIGHT, np.uintp)
    rate(lambda: malloc_pairs(held, size, PAIRS), PAIRS, "allocations and frees")
