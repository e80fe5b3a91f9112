"""The trace for Perfetto, read back by its own protobuf classes and held against the recording's text."""

from collections import Counter, defaultdict

import pytest

from tests.conftest import CAPTURES, figures_of
from zonecma.capture.recording import Recording
from zonecma.errors import InputError
from zonecma.lab.explain import explain
from zonecma.lab.page_map import page_map
from zonecma.lab.spans import PAIRS, spans_of
from zonecma.report.perfetto import perfetto_trace
from zonecma.workload.holders import Holder

protos = pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2")
NAME = "pairs/swap-cma64-6.12"
Event = protos.TrackEvent


@pytest.fixture(scope="module")
def made():
    """A recording's map, and the packets of its trace."""
    recording = Recording(CAPTURES / NAME)
    found, trace = page_map(recording, moments=50), recording.trace()
    spans = [span for what in PAIRS for span in spans_of(trace, what)]
    read = protos.Trace()
    read.ParseFromString(perfetto_trace(explain(recording), found, spans))
    return trace, found, read.packet


def tracks_of(packets):
    return {
        packet.track_descriptor.uuid: packet.track_descriptor.name
        for packet in packets
        if packet.HasField("track_descriptor")
    }


def slices(packets):
    """Name, begin, end, depth and arguments of each slice, by its track."""
    names, found, open_now = tracks_of(packets), defaultdict(list), defaultdict(list)
    for packet in packets:
        event, track = packet.track_event, names.get(packet.track_event.track_uuid)
        if event.type == Event.TYPE_SLICE_BEGIN:
            arguments = {one.name: getattr(one, one.WhichOneof("value")) for one in event.debug_annotations}
            open_now[track].append([event.name, packet.timestamp, None, len(open_now[track]), arguments])
            found[track].append(open_now[track][-1])
        elif event.type == Event.TYPE_SLICE_END:
            open_now[track].pop()[2] = packet.timestamp
    return found


def test_every_track_is_described_before_it_is_used(made):
    described = set()
    for packet in made[2]:
        if packet.HasField("track_descriptor"):
            described.add(packet.track_descriptor.uuid)
        else:
            assert packet.track_event.track_uuid in described
            assert packet.trusted_packet_sequence_id


def test_calls_are_those_of_the_traces_text(made):
    found = figures_of(NAME)
    calls = [
        one
        for name, some in slices(made[2]).items()
        if name.startswith("contiguous calls: ")
        for one in some
        if not one[3]
    ]
    results = Counter(arguments["result"] == "ok" for *_, arguments in calls)
    assert (len(calls), results[False]) == (found.calls, found.failed)
    assert sum(arguments["migrated pages"] for *_, arguments in calls) >= found.migrated
    assert all(begin <= end for _, begin, end, *_ in calls)


def test_ranges_in_vain_say_what_blocked(made):
    ranges = [
        one
        for name, some in slices(made[2]).items()
        if name.startswith("contiguous calls: ")
        for one in some
        if one[3]
    ]
    assert ranges
    assert all(one[3] == 1 for one in ranges)
    assert all("blocker" in arguments for name, *_, arguments in ranges if name.endswith("busy"))


@pytest.mark.parametrize("what", PAIRS)
def test_reclaim_compaction_and_kswapd_are_there(made, what):
    found = [one for name, some in slices(made[2]).items() if name.startswith(f"{what}: ") for one in some]
    assert len(found) == made[0].count(PAIRS[what][0])
    begins = {int(time) for time in made[0].events["time"]}
    assert {one[1] for one in found} <= begins


def test_counters_are_bytes_of_the_map(made):
    _, found, packets = made
    names, values = tracks_of(packets), defaultdict(list)
    for packet in packets:
        if packet.track_event.type == Event.TYPE_COUNTER:
            values[names[packet.track_event.track_uuid]].append(packet.track_event.counter_value)
    area = found.areas[0].name
    assert values[f"{area}: free"] == (found.parts[:, 1, Holder.FREE].astype(int) * 4096).tolist()
    sums = [
        sum(row)
        for row in zip(
            *(values[f"{area}: {what}"] for what in ("in use", "free", "in contiguous buffers")), strict=True
        )
    ]
    assert set(sums) == {found.areas[0].count * 4096}


def test_without_the_package_one_sentence_says_so(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "perfetto.trace_builder.proto_builder", None)
    with pytest.raises(InputError, match="the package perfetto is not installed"):
        perfetto_trace(None, None, ())
