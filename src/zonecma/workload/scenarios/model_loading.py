"""A phone loads a language model by mmap, and gives its accelerator buffers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zonecma.workload.generated import GeneratedLoad, parameter
from zonecma.workload.scenario import Scenario
from zonecma.workload.scenarios.common import AGAIN_SOURCE, Patience, Stage, get, give_back, grow
from zonecma.workload.uses import MAPPED_FILE, PROGRAM, READ, SLAB

_MODEL = "7B in 4 bits: https://github.com/ggml-org/llama.cpp/issues/58"
_MMAP = "by mmap: https://github.com/ggml-org/llama.cpp/issues/91"
_NPU = "an NPU without IOMMU: https://github.com/rockchip-linux/rknn-toolkit2/issues/44"
_PIECE = 8192
"""Pages of the model that are used while apps have one turn."""


@dataclass(frozen=True)
class ModelLoading(GeneratedLoad):
    """The model's pages are mapped file pages, used in order for each token; buffers are asked for later."""

    name = "model-loading"
    summary = "an LLM is loaded by mmap on a phone, then its accelerator's buffers come from CMA"
    board = "phone-xperia1v-12g"
    command_line = "transparent_hugepage=never cma=256M"
    swap_mib = 4096

    model_mib: float = parameter(4017, "the model's file, MiB", f"{_MODEL}, {_MMAP}", least=1)
    state_mib: float = parameter(512, "state of the model (keys and values), MiB", _MODEL, least=1)
    tokens: int = parameter(1, "tokens made in each round: each uses the whole model")
    rounds: int = parameter(2, "times that buffers are asked for, and given back")
    buffers: int = parameter(3, "buffers of the accelerator")
    buffer_kib: float = parameter(57800, "size of each, KiB", _NPU, least=4)
    again_ms: float = parameter(100, "wait before a call that failed is made again, ms", AGAIN_SOURCE)
    patience_ms: float = parameter(1000, "after which it is given up, ms")
    apps_mib: float = parameter(4900, "memory of apps and services, MiB")
    kernel_mib: float = parameter(400, "slab of the kernel, MiB")
    cached_mib: float = parameter(1700, "files that were read before, MiB")
    app_percent: float = parameter(4, "of the apps' memory that is used each time the model is read")

    def draw(self, seed: int) -> Scenario:
        """Which memory of apps is used meanwhile."""
        draw, stage = np.random.default_rng(seed), Stage()
        kernel, apps = stage.region(SLAB, self.kernel_mib), stage.region(PROGRAM, self.apps_mib)
        cache, model = stage.region(READ, self.cached_mib), stage.region(MAPPED_FILE, self.model_mib)
        state, programs = stage.task(self.state_mib), stage.programs
        stage.task()
        stage.fill(kernel, apps, cache)
        programs.begin()
        programs.use(model.first, model.pages)
        grow(programs, state.pages)
        sizes, patience = [int(self.buffer_kib / 4)] * self.buffers, Patience(self.again_ms, self.patience_ms)
        for _ in range(self.rounds):
            buffers = get(programs, sizes, patience)
            for _ in range(self.tokens):
                programs.use(model.first, model.pages)
                programs.use_any(0, state.pages, 64, own=True, write=True)
            give_back(programs, buffers)
        programs.begin()
        passes = 1 + self.rounds * self.tokens
        turns = passes * model.pages // _PIECE + 1
        used = int(apps.pages * self.app_percent / 100 * passes / turns)
        for _ in range(turns):
            programs.use_any(apps.first, apps.pages, used, 500, write=True)
            programs.sleep(float(draw.uniform(5, 15)))
        return stage.scenario()
