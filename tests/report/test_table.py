"""Plain tables, against text written by hand."""

from zonecma.report.table import aligned, counted, duration, fitted, notes


def test_the_first_column_is_to_the_left_the_others_to_the_right():
    rows = [["", "one", "three"], ["label", "1", "2"], ["long label", "12,345"]]
    assert aligned(rows).split("\n") == [
        "               one  three",
        "label            1      2",
        "long label  12,345",
    ]


def test_first_cells_are_broken_where_a_table_is_too_wide():
    rows = [["", "one"], ["a long label", "12"], ["short", "3"]]
    assert fitted(rows, 17) == aligned(rows)
    assert fitted(rows, 12).split("\n") == [
        "         one",
        "a long    12",
        "  label",
        "short      3",
    ]


def test_notes_are_wrapped_behind_their_star():
    assert notes(["a b c d", "e"], 6).split("\n") == ["* a b", "  c d", "* e"]


def test_durations():
    assert [duration(seconds) for seconds in (0.0714, 0.9, 4.75)] == ["71 ms", "900 ms", "4.8 s"]


def test_counts_and_means_of_them():
    shown = [counted(number) for number in (0, 12, 65536, 19.95, 0.04, 0.5, 0.001, 1234.5)]
    assert shown == ["0", "12", "65,536", "19.95", "0.04", "0.5", "0", "1,234"]
