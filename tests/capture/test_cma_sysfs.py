"""Counters of /sys/kernel/mm/cma."""

from zonecma.capture.proc.cma_sysfs import parse_cma_sysfs


def test_counters_stand_by_area_in_the_files_order_and_other_lines_are_passed_over():
    text = (
        "/sys/kernel/mm/cma/video/alloc_pages_success 7\n"
        "/sys/kernel/mm/cma/video/alloc_pages_fail 3\n"
        "/sys/kernel/mm/cma/linux,cma/alloc_pages_fail 0\n"
        "/sys/kernel/mm/cma/linux,cma/name not a number\n"
        "/sys/kernel/mm/cma/12345 6\n"
        "cat: no such file\n"
    )
    assert list(parse_cma_sysfs(text).items()) == [
        ("video", {"alloc_pages_success": 7, "alloc_pages_fail": 3}),
        ("linux,cma", {"alloc_pages_fail": 0}),
    ]
