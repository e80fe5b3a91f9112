"""inspect: stopped kernels, whose files all show one moment, and files that are damaged or missing."""

import gzip
import json
import shutil

import numpy as np
import pytest

from tests.areas import AREAS, STOPPED, area_and_free, bundle  # noqa: F401
from tests.conftest import CAPTURES
from zonecma.errors import InputError
from zonecma.lab.frame_use import Use
from zonecma.lab.inspect import inspect


@pytest.mark.parametrize("name", STOPPED)
def test_every_frame_is_what_the_snapshot_says(name):
    """Bitmap and free lists of the exact snapshot; the kernel's own used and maxchunk; page_owner's count."""
    area, free = area_and_free(name)
    (view,) = inspect(str(AREAS / name)).areas
    assert ((view.uses == Use.FREE) == free).all()
    assert ((view.uses == Use.DEVICE) == area.bitmap.astype(bool)).all()
    assert (view.used, view.largest.length, view.largest.start) == (4864, 12800, 11776)
    assert view.counts[Use.ANONYMOUS] == area.count - free.sum() - 4864 == view.mapped
    assert sum(holder.frames for holder in view.holders) == area.count - free.sum()
    assert view.notes == ()


@pytest.mark.parametrize("name", STOPPED)
def test_holders_are_named_by_task_and_function(name):
    (view,) = inspect(str(AREAS / name)).areas
    found = {(one.task, one.function, one.device) for one in view.holders}
    assert found == {
        ("anon", "__handle_mm_fault", False),
        ("pin", "__handle_mm_fault", False),
        ("contiguous", "cma_heap_allocate", True),
    }
    assert not any(one.misplaced for one in view.holders)


@pytest.mark.parametrize("name", STOPPED)
def test_without_a_bitmap_page_owner_tells_what_calls_have(name, tmp_path):
    """On a machine without debugfs's bitmap the stacks of contiguous calls do."""
    whole = inspect(str(AREAS / name)).areas[0]
    folder = shutil.copytree(AREAS / name, tmp_path / name)
    (folder / "after/cma/reserved/bitmap").unlink()
    outcome = inspect(str(folder))
    (view,) = outcome.areas
    assert (view.taken_told_by, view.runs) == ("page_owner", whole.runs)
    assert (view.uses == whole.uses).all()
    assert [one.what for one in outcome.missing] == ["bitmaps"]


@pytest.mark.parametrize("name", STOPPED)
def test_page_owner_alone_tells_the_same_frames(name, tmp_path):
    whole = inspect(str(AREAS / name)).areas[0]
    folder = shutil.copytree(AREAS / name, tmp_path / name)
    (folder / "after/kpageflags.gz").unlink()
    outcome = inspect(str(folder))
    assert (outcome.areas[0].uses == whole.uses).all()
    assert [one.what for one in outcome.missing] == ["kpageflags"]


def test_a_recording_shows_its_snapshots_bitmap_and_free_lists():
    outcome = inspect(str(CAPTURES / "pairs/splice-zonecma128-6.12"), "before")
    (view,) = outcome.areas
    assert (outcome.moment, view.zone, view.count, view.used) == ("before", "Movable", 32768, 0)
    assert set(view.counts) <= {Use.FREE, Use.UNTOLD}
    assert {one.what for one in outcome.missing} == {"kpageflags", "page_owner"}
    assert view.sysfs["alloc_pages_fail"] == 40960


def test_areas_of_the_log_where_nothing_else_tells_them(bundle):  # noqa: F811
    shutil.rmtree(bundle / "after/cma")
    (bundle / "snap.B.json.gz").unlink()
    (bundle / "after/page_owner.gz").unlink()
    (bundle / "dmesg").write_text("[    0.0] cma: Reserved 96 MiB at 0x000000002a000000\n")
    (view,) = inspect(str(bundle)).areas
    assert (view.name, view.base_pfn, view.count) == ("reserved", 0x2A000, 24576)
    assert (view.taken_told_by, view.runs, view.sizes) == ("", (), ())
    assert view.counts[Use.FREE] == 19454
    assert view.counts[Use.OFF_LRU] == 4864


def test_page_owner_that_is_cut_leaves_the_rest_untold(bundle):  # noqa: F811
    (bundle / "after/kpageflags.gz").unlink()
    path = bundle / "after/page_owner.gz"
    text = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(text[: len(text) // 2 - 100]))
    outcome = inspect(str(bundle))
    (view,) = outcome.areas
    assert outcome.owners.cut
    assert any("ends within a record" in note for note in outcome.notes)
    assert view.used == 4864, "the bitmap tells it still"
    assert view.counts[Use.UNTOLD] > 5000
    assert view.counts[Use.FREE] + view.counts[Use.UNTOLD] >= 19454


def test_page_owner_whose_gzip_is_damaged_is_read_up_to_the_damage(bundle):  # noqa: F811
    path = bundle / "after/page_owner.gz"
    path.write_bytes(path.read_bytes()[:-3000])
    outcome = inspect(str(bundle))
    assert outcome.owners.cut
    assert 1000 < outcome.owners.records < 5122
    assert outcome.notes[0].startswith("page_owner is damaged after ")


def test_kpageflags_that_end_early_are_said(bundle):  # noqa: F811
    path = bundle / "after/kpageflags.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:8004]))
    (view,) = inspect(str(bundle)).areas
    assert "kpageflags ends after 1000 of 24576 frames: the rest is untold" in view.notes


def test_bitmap_and_count_that_differ_are_said(bundle):  # noqa: F811
    (bundle / "after/cma/reserved/used").write_text("9\n")
    (bundle / "after/cma/reserved/maxchunk").write_text("8\n")
    (view,) = inspect(str(bundle)).areas
    assert len([note for note in view.notes if "calls went on meanwhile" in note]) == 2


def test_an_area_that_meminfo_counts_and_debugfs_lacks_is_said(bundle):  # noqa: F811
    path = bundle / "after/meminfo"
    path.write_text(path.read_text().replace("CmaTotal:          98304 kB", "CmaTotal:         114688 kB"))
    (note,) = inspect(str(bundle)).notes
    assert note.startswith("the kernel counts 28672 frames in areas, those shown have 24576")


def test_an_unmovable_page_in_an_area_is_a_bug_that_is_named_first(bundle):  # noqa: F811
    path = bundle / "after/page_owner.gz"
    text = gzip.decompress(path.read_bytes())
    record = (
        b"Page allocated via order 0, mask 0xcc0(GFP_KERNEL), pid 1, tgid 1 (drv), ts 1 ns\n"
        b"PFN 0x2f000 type Unmovable Block 376 type CMA Flags 0x0(zone=1)\n"
        b" __alloc_pages_noprof+0x1/0x2\n drv_probe+0x1/0x2\n\n"
    )
    path.write_bytes(gzip.compress(text + record))
    (bundle / "after/kpageflags.gz").unlink()
    (view,) = inspect(str(bundle)).areas
    first = view.holders[0]
    assert (first.misplaced, first.task, first.function, first.use) == (True, "drv", "drv_probe", Use.KERNEL)
    whole = next(row for row in view.sizes if row.frames == 8192)
    assert whole.anywhere.clear < whole.anywhere.free


def test_an_unmovable_page_that_migration_put_there_is_told_from_one_that_was_allocated_there():
    """ext4_sb_breadahead_unmovable() asks for pages outside areas; compaction moved three into this one."""
    (view,) = inspect("camera-board").areas
    first = view.holders[0]
    assert (first.misplaced, first.page_type, first.frames) == (True, "Unmovable", 3)
    assert first.moved_by == "compaction"
    assert not any(one.moved_by for one in view.holders[1:])


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("after/cma/reserved/bitmap", "1 2", "bitmap: has 2 words; expected 768 for 24576 bits"),
        ("after/zoneinfo", "nothing", "zoneinfo: line 1: expected"),
        ("after/meminfo", "nothing", "meminfo: line 1: expected"),
        ("after/kpage_ranges", "a b c", "kpage_ranges: line 1: expected"),
    ],
)
def test_files_that_are_none(bundle, file, text, told):  # noqa: F811
    (bundle / file).write_text(text)
    with pytest.raises(InputError, match="expected") as error:
        inspect(str(bundle))
    assert told in str(error.value)


def test_page_owner_without_a_record(bundle):  # noqa: F811
    (bundle / "after/page_owner.gz").write_bytes(gzip.compress(b"hello\n\n" * 10))
    with pytest.raises(InputError, match="page_owner: expected records of allocations, found none"):
        inspect(str(bundle))


def test_what_is_no_bundle(tmp_path):
    with pytest.raises(InputError, match="no such bundle or recording"):
        inspect("nowhere")
    with pytest.raises(InputError, match="has neither zoneinfo, nor meminfo, nor an area"):
        inspect(str(tmp_path))
    with pytest.raises(InputError, match="--moment later: expected after or before"):
        inspect(str(tmp_path), "later")


def test_this_machine_is_looked_at_or_said_why_not():
    outcome = inspect("live")
    assert outcome.zones
    assert outcome.areas or outcome.missing


def test_the_outcome_becomes_json():
    from zonecma.report.inspection import inspection_json

    out = json.loads(json.dumps(inspection_json(inspect(str(AREAS / "splice-6.12")))))
    (area,) = out["areas"]
    assert (area["used"], area["largest_free_run"]) == (4864, {"start": 11776, "length": 12800})
    assert area["uses"] == {"free": 19454, "device": 4864, "anonymous": 258}
    assert np.sum([run["length"] for run in area["free_runs"]]) == 24576 - 4864
