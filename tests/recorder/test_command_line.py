"""What the kernel and QEMU are told."""

from pathlib import Path

from recorder.command_line import Files, kernel_words, qemu_command, shown
from recorder.layout import layout
from recorder.plan import Calls, Load, Plan

MOST = 2048
"""characters of an x86 kernel's command line"""


def after(command, option):
    return command[command.index(option) + 1]


def test_memory_ends_on_a_round_address_below_the_hidden_tables():
    assert layout(1024, 256) == layout(1280, 0)
    assert (layout(1024, 256).size, layout(1024, 256).hidden) == (1296, 1280)


def test_memory_of_more_than_3_5_gib_goes_on_above_4_gib():
    assert (layout(3568, 0).size, layout(3568, 0).hidden) == (3584, 3568)
    assert (layout(5000, 256).size, layout(5000, 256).hidden) == (5272, 3056)


def test_612_traces_into_memory_of_its_own():
    words = kernel_words(Plan("test", area="96M", ram=640))
    assert {"reserve_mem=256M:2097152:trace", "cma=96M", "memmap=16M$896M", "memblock=debug"} <= set(words)
    assert any(word.startswith("trace_instance=cap@trace,kmem:mm_page_alloc,") for word in words)


def test_61_traces_into_memory_that_it_allocates():
    words = kernel_words(Plan("test", kernel="6.1", ram=640, trace=96))
    assert {"trace_buf_size=96M", "memmap=16M$640M"} <= set(words)
    assert not any(word.startswith(("reserve_mem", "cma", "movablecore")) for word in words)


def test_the_guest_learns_its_load_and_calls_from_the_command_line():
    plan = Plan("test", area="64M", load=Load("mix", 3, 2), calls=Calls(1, 16, count=4), swap=64)
    assert {"GTLOAD=mix", "GTSEED=3", "GTSIZE=2", "GTCALLS=1:16", "GTCALLS_COUNT=4", "GTSWAP=1"} <= set(
        kernel_words(plan)
    )


def test_the_longest_plan_fits_in_the_kernels_command_line():
    plan = Plan(
        "test", area="256M@0x100000000", huge_area="1G", movable="256M", ram=8192, page_owner=True,
        deterministic=True, load=Load("a-load-of-a-long-name", 10**9), calls=Calls(1, 1024),
    )  # fmt: skip
    assert len(" ".join(kernel_words(plan))) < MOST


def test_qemu_waits_for_gdb_and_writes_the_console_to_a_file():
    command = qemu_command(Plan("test", cpus=2), Files(Path("/k/bzImage"), Path("/run"), ["vda", "vdb"]))
    assert (after(command, "-m"), after(command, "-smp")) == ("1296", "2")
    assert "-S" in command
    assert after(command, "-serial") == "file:/run/console.log"
    assert [word for word in command if word.startswith("virtio-blk")] == [
        "virtio-blk-pci,drive=vda",
        "virtio-blk-pci,drive=vdb",
    ]


def test_a_deterministic_guest_counts_instructions_and_has_its_root_in_memory():
    plan = Plan("test", deterministic=True)
    command = qemu_command(plan, Files(Path("k"), Path("/run"), ["vda"], Path("/run/root.cpio")))
    assert after(command, "-icount") == "shift=1,sleep=off"
    assert after(command, "-initrd") == "/run/root.cpio"
    assert {"rdinit=/init", "norandmaps"} <= set(kernel_words(plan))


def test_a_line_to_read_has_no_place_of_this_machine():
    line = shown(
        ["qemu", "file=/tmp/x1/vda", "a b", "/cache/k/bzImage"],
        {"RUN": Path("/tmp/x1"), "BUILD": Path("/cache/k")},
    )
    assert line == "qemu file=RUN/vda 'a b' BUILD/bzImage"


def test_what_4_7_had_not_can_be_switched_off():
    """1 GiB has 262,144 pages: a fraction of 693 leaves 378 of them, six batches of 63."""
    words = kernel_words(Plan("test", like_4_7=True))
    assert "sysctl.vm.watermark_boost_factor=0" in words
    assert "sysctl.vm.percpu_pagelist_high_fraction=693" in words
    assert not any(word.startswith("sysctl.") for word in kernel_words(Plan("test")))
