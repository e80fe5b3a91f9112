"""Recordings that are damaged, foreign or hostile: an InputError of one line, whatever they hold.

The tests' compiled code checks indices: what slips through shows as an IndexError, not as luck.
"""

import gzip
import itertools
import json
import shutil
import tracemalloc

import pytest
import zstandard

from tests.conftest import CAPTURES
from zonecma.capture.blocks import pieces
from zonecma.capture.recording import open_recording
from zonecma.errors import InputError
from zonecma.lab.compare import compare
from zonecma.lab.contents import contents_of
from zonecma.lab.explain import explain
from zonecma.lab.verify import verify
from zonecma.placement import ZoneCma

pytestmark = pytest.mark.usefixtures("cache")

BOOT = CAPTURES / "boot-cma256-6.12"
FREE, ALLOC = 7446, 7481
"""Lines of that trace between its snapshots A and B, from 1."""


@pytest.fixture
def recording(tmp_path):
    """A copy of a short recording, its trace as plain text."""
    folder = tmp_path / "given"
    shutil.copytree(BOOT, folder)
    with (folder / "trace.txt.zst").open("rb") as file:
        text = zstandard.ZstdDecompressor().stream_reader(file).read()
    (folder / "trace.txt.zst").unlink()
    (folder / "trace.txt").write_bytes(text)
    return folder


def change_line(folder, number, old, new):
    lines = (folder / "trace.txt").read_text().split("\n")
    assert old in lines[number - 1]
    head, _, rest = lines[number - 1].partition(old)
    lines[number - 1] = head + new + (rest[rest.find(" ") :] if old.endswith("=") and " " in rest else "")
    (folder / "trace.txt").write_text("\n".join(lines))


def replace_line(folder, number, event):
    change_line(folder, number, ": ", "")
    lines = (folder / "trace.txt").read_text().split("\n")
    before = lines[number].split(": ")[0]
    lines[number - 1] = f"{before}: {event}"
    (folder / "trace.txt").write_text("\n".join(lines))


def change_snapshot(folder, change, moments="AB"):
    for moment in moments:
        path = folder / f"snap.{moment}.json.gz"
        raw = json.loads(gzip.decompress(path.read_bytes()))
        change(raw)
        path.write_bytes(gzip.compress(json.dumps(raw).encode()))


def run_verify(folder):
    verify(open_recording(str(folder)))


def run_compare(folder):
    compare(open_recording(str(folder)), [ZoneCma()])


def run_explain(folder):
    explain(open_recording(str(folder)))


def refused(folder, *words, by=(run_verify, run_compare, run_explain)):
    for run in by:
        with pytest.raises(InputError) as error:
            run(folder)
        assert len(str(error.value).splitlines()) == 1
        assert all(word in str(error.value) for word in words), str(error.value)


FRAMES = ["-5", "-100000000", "0x80000000", "9" * 23, "0x100000000"]
NONE_WHERE_A_REQUEST_FAILED = ["0", "0xffffffffffffffff"]


PLACES = [*itertools.product([FREE, ALLOC], FRAMES), *itertools.product([FREE], NONE_WHERE_A_REQUEST_FAILED)]


@pytest.mark.parametrize(("number", "pfn"), PLACES)
def test_a_frame_that_the_machine_does_not_have(recording, number, pfn):
    change_line(recording, number, "pfn=", f"pfn={pfn}")
    refused(recording, f"line {number}")


@pytest.mark.parametrize("order", ["11", "40", "200", "256", "-1", "100000000000"])
@pytest.mark.parametrize("number", [FREE, ALLOC])
def test_an_order_that_does_not_exist(recording, order, number):
    change_line(recording, number, "order=", f"order={order}")
    refused(recording, f"line {number}")


@pytest.mark.parametrize(
    "event",
    [
        "mm_page_alloc: pfn=0x2d61 order=9 migratetype=1 gfp_flags=GFP_KERNEL",
        "mm_page_alloc: pfn=0x2d61 order=0 migratetype=1 gfp_flags=__GFP_DMA|__GFP_HIGHMEM",
        "mm_page_alloc: pfn=0x2d61 order=0 migratetype=1 gfp_flags=0xffffffffffffff",
        "mm_page_alloc: pfn=0x2d61 order=0 migratetype=300 gfp_flags=GFP_KERNEL",
        "mm_page_pcpu_drain: pfn=-7 order=0 migratetype=1",
        "mm_page_free_batched: pfn=-7 order=0",
        "putback: (f) page=0xffffea00ffffffc0 order=0",
        "mm_page_alloc_extfrag: pfn=0x3000 alloc_order=100 fallback_order=200 alloc_migratetype=0"
        " fallback_migratetype=1 change_ownership=1",
        "cma_alloc_finish: name=reserved pfn=0x3dc00 page=0xffffea0000400000 count=9000000 align=0",
        "cma_release: name=reserved pfn=0x10 page=0xffffea0000400000 count=1",
        "cma_alloc_start: name=reserved count=16 align=64",
        "bulk: (a <- b) n=-100000 arr=0x1",
        "bulk: (a <- b) n=9223372036854775807 arr=0x1",
    ],
)
def test_an_event_that_cannot_be(recording, event):
    replace_line(recording, FREE, event)
    refused(recording, f"line {FREE}")


@pytest.mark.parametrize("cpu", ["001", "999", "65536"])
def test_a_cpu_that_the_machine_does_not_have(recording, cpu):
    change_line(recording, FREE, "[000]", f"[{cpu}]")
    refused(recording, f"line {FREE}")


def test_time_that_goes_back(recording):
    lines = (recording / "trace.txt").read_text().split("\n")
    lines[FREE - 1], lines[ALLOC - 1] = lines[ALLOC - 1], lines[FREE - 1]
    (recording / "trace.txt").write_text("\n".join(lines))
    refused(recording, "time goes back")


def test_nothing_between_the_snapshots(recording):
    shutil.copy(recording / "snap.A.json.gz", recording / "snap.B.json.gz")
    refused(recording, "no event between the snapshots", by=[run_verify, run_compare])


def zone(raw):
    return raw["zones"][1]


def first_list(raw):
    return next(iter(zone(raw)["free"]["0"].values()))


SNAPSHOTS = {
    "no zones": lambda raw: raw.update(zones=[]),
    "only Movable": lambda raw: [z.update(name="Movable") for z in raw["zones"]],
    "a zone twice": lambda raw: raw["zones"].append(zone(raw)),
    "no per-cpu lists": lambda raw: raw["zones"][0].update(pcp=[]),
    "CPU 999": lambda raw: zone(raw)["pcp"][0].update(cpu=999),
    "no watermarks": lambda raw: zone(raw).update(watermark=[]),
    "nine watermarks": lambda raw: zone(raw).update(watermark=[1] * 9),
    "huge mark": lambda raw: zone(raw).update(watermark=[2**63] * 4),
    "words as reserve": lambda raw: zone(raw).update(lowmem_reserve=["a"] * 4),
    "huge span": lambda raw: zone(raw).update(start_pfn=2**40),
    "negative frame": lambda raw: first_list(raw).append(-5),
    "frame beyond": lambda raw: first_list(raw).append(0x3FFFFFF),
    "huge frame": lambda raw: first_list(raw).append(2**40),
    "frame of no integer": lambda raw: first_list(raw).append(1.5),
    "frame twice": lambda raw: first_list(raw).append(first_list(raw)[0]),
    "per-cpu frame": lambda raw: zone(raw)["pcp"][0]["lists"][0].append(-5),
    "fifteen lists": lambda raw: zone(raw)["pcp"][0]["lists"].extend([[], [], [zone(raw)["start_pfn"]]]),
    "block types": lambda raw: zone(raw).update(pageblocks="7" * len(zone(raw)["pageblocks"])),
    "area of 100 frames": lambda raw: raw["cma"][0].update(count=100),
    "area below 0": lambda raw: raw["cma"][0].update(base_pfn=-512),
    "area beyond the end": lambda raw: raw["cma"][0].update(base_pfn=0x4FF00),
    "area of negative size": lambda raw: raw["cma"][0].update(count=-1),
    "area of 2**40 frames": lambda raw: raw["cma"][0].update(count=2**40),
    "an area twice": lambda raw: raw["cma"].append(raw["cma"][0]),
    "negative lines": lambda raw: raw["trace"]["cap"][0].update(entries=-1),
    "no lines": lambda raw: raw["trace"].update(cap=[]),
}


@pytest.mark.parametrize("change", SNAPSHOTS.values(), ids=SNAPSHOTS.keys())
def test_a_snapshot_of_no_machine(recording, change):
    change_snapshot(recording, change)
    refused(recording, "snap", by=[run_verify, run_compare])


def test_a_snapshot_that_is_nested_without_end(recording):
    (recording / "snap.A.json.gz").write_bytes(gzip.compress(b"[" * 100_000))
    refused(recording, "snap.A.json.gz")


def test_an_archive_of_another_kind(recording):
    (recording / "proc.tar.xz").write_text("hi\n")
    refused(recording, "proc.tar.xz")
    damaged = bytearray((BOOT / "proc.tar.xz").read_bytes())
    damaged[3000] ^= 0xFF
    (recording / "proc.tar.xz").write_bytes(damaged)
    refused(recording, "proc.tar.xz")


def test_a_sparse_file_of_any_size(recording):
    with (recording / "trace.txt").open("r+b") as file:
        file.truncate(1 << 40)
    refused(recording, "trace.txt")


def test_hostile_compression_is_read_in_small_pieces(tmp_path):
    path = tmp_path / "bomb.zst"
    path.write_bytes(zstandard.ZstdCompressor(level=19).compress(bytes(1 << 28)))
    assert path.stat().st_size < 1 << 15
    tracemalloc.start()
    assert sum(map(len, pieces(path))) == 1 << 28
    assert tracemalloc.get_traced_memory()[1] < 1 << 29
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("zoneinfo", "Node 0, zone DMA\n  pages free 1\n        managed  3\n        protection: (0, 1)\n"),
        ("buddyinfo", f"Node 0, zone DMA {'9' * 5000}\n"),
        ("buddyinfo", f"Node {'9' * 5000}, zone DMA 1\n"),
        (
            "pagetypeinfo",
            "Page block order: 9\nNode 0, zone DMA, type Movable 1 2\nNode 0, zone DMA, type Other 1\n"
            "Number of blocks type Movable\nNode 0, zone DMA 1\n",
        ),
    ],
)
def test_proc_files_that_are_not_whole(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    refused(tmp_path / name, name, by=[lambda path: contents_of(str(path))])
