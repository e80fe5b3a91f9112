"""Loads for those who have no recording: one a file, each a page of code with sourced parameters."""

from __future__ import annotations

from zonecma.workload.generated import GeneratedLoad
from zonecma.workload.scenarios.app_switching import AppSwitching
from zonecma.workload.scenarios.camera_start import CameraStart
from zonecma.workload.scenarios.database import Database
from zonecma.workload.scenarios.huge_pages import HugePages
from zonecma.workload.scenarios.kernel_build import KernelBuild
from zonecma.workload.scenarios.long_pins import LongPins
from zonecma.workload.scenarios.metadata_storm import MetadataStorm
from zonecma.workload.scenarios.model_loading import ModelLoading
from zonecma.workload.scenarios.page_kinds import PageKinds
from zonecma.workload.scenarios.stream_writer import StreamWriter
from zonecma.workload.scenarios.video_playback import VideoPlayback

SCENARIOS: tuple[type[GeneratedLoad], ...] = (
    KernelBuild,
    CameraStart,
    VideoPlayback,
    AppSwitching,
    Database,
    StreamWriter,
    MetadataStorm,
    LongPins,
    HugePages,
    ModelLoading,
    PageKinds,
)
"""The loads there are."""
