"""A recording as a trace that the Perfetto UI opens: memory as counters, calls and reclaim as slices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from zonecma.errors import InputError
from zonecma.lab.explanation import Attempt, Call, Explanation
from zonecma.lab.page_map import PageMap, part_names
from zonecma.lab.spans import Span
from zonecma.report.gfp import gfp_names
from zonecma.report.words import printable
from zonecma.workload.holders import Holder

_SEQUENCE = 1
"""All packets are of one writer."""
_COUNTED = {"free": (Holder.FREE,), "in contiguous buffers": (Holder.CONTIGUOUS,)}


def perfetto_trace(explanation: Explanation, found: PageMap, spans: Iterable[Span]) -> bytes:
    """The trace's bytes; times are ns of the recorded trace's clock.

    Raises InputError where the package perfetto is not installed.
    """
    tracks = _Tracks()
    _draw_memory(tracks, found)
    for call in explanation.calls:
        _draw_call(tracks, call, found.page_kib)
    for span in spans:
        track = tracks.track(f"{span.what}: {printable(span.task)}")
        tracks.slice(track, span.what, span.begin, span.end, {})
    return tracks.bytes()


class _Tracks:
    """A trace that grows: its tracks by name, and what happens on them."""

    def __init__(self) -> None:
        try:
            from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as protos
            from perfetto.trace_builder.proto_builder import TraceProtoBuilder
        except ImportError:
            raise InputError(
                "--perfetto: the package perfetto is not installed; expected it beside zonecma"
                " (pip install 'zonecma[perfetto]')"
            ) from None
        self._protos, self._builder = protos, TraceProtoBuilder()
        self._known: dict[str, int] = {}

    def track(self, name: str, *, counts_bytes: bool = False) -> int:
        """The track of this name."""
        if name not in self._known:
            self._known[name] = len(self._known) + 1
            described = self._builder.add_packet().track_descriptor
            described.uuid, described.name = self._known[name], name
            if counts_bytes:
                described.counter.unit = self._protos.CounterDescriptor.UNIT_SIZE_BYTES
        return self._known[name]

    def count(self, track: int, time: int, value: int) -> None:
        event = self._event(track, time, self._protos.TrackEvent.TYPE_COUNTER)
        event.counter_value = value

    def slice(self, track: int, name: str, begin: int, end: int | None, arguments: Mapping[str, Any]) -> None:
        """A slice with nothing in it; one without an end goes on to the trace's."""
        self.begin(track, name, begin, arguments)
        if end is not None:
            self.end(track, end)

    def begin(self, track: int, name: str, time: int, arguments: Mapping[str, Any]) -> None:
        event = self._event(track, time, self._protos.TrackEvent.TYPE_SLICE_BEGIN)
        event.name = name
        for key, value in arguments.items():
            if value is not None:
                _argue(event.debug_annotations.add(), key, value)

    def end(self, track: int, time: int) -> None:
        self._event(track, time, self._protos.TrackEvent.TYPE_SLICE_END)

    def _event(self, track: int, time: int, kind: int) -> Any:
        packet = self._builder.add_packet()
        packet.timestamp, packet.trusted_packet_sequence_id = time, _SEQUENCE
        packet.track_event.type, packet.track_event.track_uuid = kind, track
        return packet.track_event

    def bytes(self) -> bytes:
        return bytes(self._builder.serialize())


def _argue(annotation: Any, name: str, value: bool | int | str) -> None:
    """An argument of a slice."""
    annotation.name = name
    if isinstance(value, bool):
        annotation.bool_value = value
    elif isinstance(value, int):
        annotation.int_value = value
    else:
        annotation.string_value = value


def _draw_memory(tracks: _Tracks, found: PageMap) -> None:
    """What is used, free and in buffers of each part of memory."""
    size = found.page_kib << 10
    for number, name in enumerate(part_names(found.areas)):
        counts = found.parts[:, number].astype(int)
        figures = {what: counts[:, holders].sum(axis=1) for what, holders in _COUNTED.items()}
        figures = {"in use": counts.sum(axis=1) - sum(figures.values()), **figures}
        for what, frames in figures.items():
            track = tracks.track(f"{printable(name)}: {what}", counts_bytes=True)
            for time, value in zip(found.times.tolist(), frames.tolist(), strict=True):
                tracks.count(track, time, value * size)


def _draw_call(tracks: _Tracks, call: Call, page_kib: int) -> None:
    """A call, and in it the ranges that it tried."""
    track = tracks.track(f"contiguous calls: {printable(call.task)}")
    name = f"cma_alloc {call.size * page_kib} KiB: {'got' if call.ok else call.outcome}"
    tracks.begin(track, name, call.time, _of_call(call))
    for attempt in call.attempts:
        tracks.slice(track, _name_of(attempt), attempt.begin, attempt.ended, _of_attempt(attempt))
    if call.latency is not None:
        tracks.end(track, call.time + call.latency)


def _of_call(call: Call) -> dict[str, Any]:
    kinds = dict.fromkeys(one.blocker.kind.value for one in call.attempts if one.blocker)
    return {
        "call": call.number,
        "pages": call.size,
        "result": call.outcome,
        "area": printable(call.area),
        "first frame": None if call.pfn is None else hex(call.pfn),
        "ranges": len(call.attempts),
        "migrated pages": sum(one.nr_moved for one in call.attempts),
        "blockers": ", ".join(kinds) or None,
    }


def _name_of(attempt: Attempt) -> str:
    start = "a range" if attempt.start is None else f"{attempt.start:#x}"
    return f"{start}: {attempt.outcome.value}"


def _of_attempt(attempt: Attempt) -> dict[str, Any]:
    arguments = {
        "migrated pages": attempt.nr_moved,
        "pages left behind": attempt.nr_failed,
        "waits for writeback": attempt.waits,
    }
    blocker = attempt.blocker
    if blocker is None:
        return arguments
    return arguments | {
        "blocker": blocker.kind.value,
        "blocker's frame": None if blocker.pfn is None else hex(blocker.pfn),
        "blocker's task": None if blocker.task is None else printable(blocker.task),
        "blocker's gfp": None if blocker.gfp is None else gfp_names(blocker.gfp),
        "blocker freed after ms": None
        if blocker.left is None
        else f"{(blocker.left - blocker.seen) / 1e6:.3f}",
    }
