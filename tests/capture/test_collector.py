"""The collector's script under several shells, on folders that stand for /proc, /sys and tracefs.

What it does on real kernels, ``python -m recorder test`` tries.
"""

import gzip
import os
import shutil
import signal
import subprocess
import tarfile
import time

import pytest

from zonecma.capture.collector import collector_script
from zonecma.capture.events import EVENTS

SHELLS = [
    pytest.param(command, id=name)
    for name, command in {
        "dash": ["dash"],
        "busybox": ["busybox", "sh"],
        "sh": ["sh"],
        "mksh": ["mksh"],
    }.items()
    if shutil.which(command[0])
]
NO_TRACEPOINTS = {"other", "lost", "print", "bulk", "bulk_page", "bulkin", "decay"}
NO_TRACEPOINTS |= {"swapout", "swapin", "isolfree", "putback"}
HEADER = "# tracer: nop\n#\n# entries-in-buffer/entries-written: 0/0   #P:2\n"
LINE = "   sh-7   [000] .....     1.000000: mm_page_free: page=0 pfn=0x10 order=0\n"
OLD = {
    "tracing_on": "1\n",
    "current_tracer": "nop\n",
    "trace_clock": "[local] global counter mono\n",
    "buffer_size_kb": "1408\n",
    "trace": HEADER,
    "trace_marker": "",
    "trace_pipe": LINE,
    "options/record-tgid": "1\n",
    "options/latency-format": "0\n",
    "events/kmem/mm_page_alloc/enable": "0\n",
    "events/kmem/mm_page_free/enable": "1\n",
    "events/cma/cma_alloc_start/enable": "0*\n",
    "per_cpu/cpu0/stats": "entries: 0\noverrun: 2\ncommit overrun: 1\nbytes: 3\ndropped events: 0\n",
    "per_cpu/cpu1/stats": "entries: 0\noverrun: 0\ncommit overrun: 0\nbytes: 3\ndropped events: 4\n",
}
"""A tracefs without instances, in use by someone else."""
PROC = {
    "zoneinfo": "Node 0, zone DMA\n",
    "vmstat": "nr_free_pages 1\n",
    "meminfo": "MemTotal: 999999 kB\nMemAvailable: 900000 kB\n",
    "kpageflags": bytes(range(256)) * 32,
    "kpagecount": bytes(8192),
    "sys/vm/min_free_kbytes": "4096\n",
    "cmdline": "quiet\n",
}
DEBUG = {
    "cma/a b/base_pfn": "96\n",
    "cma/a b/count": "64\n",
    "cma/a b/bitmap": "0 1\n",
    "cma/a b/alloc": "never read\n",
    "page_owner": "Page allocated via order 0\n",
}


def fill(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.fixture
def machine(tmp_path):
    """A folder with a machine's files, and nothing that mounts."""
    root = tmp_path / "root"
    for folder in ("run", "dev"):
        (root / folder).mkdir(parents=True)
    fill(root / "sys/kernel/tracing", OLD)
    fill(root / "proc", PROC)
    fill(root / "sys/kernel/debug", DEBUG)
    fill(tmp_path, {"bin/mount": "#!/bin/sh\nexit 1\n", "collector.sh": collector_script()})
    (tmp_path / "bin/mount").chmod(0o755)
    (tmp_path / "out").mkdir()
    return tmp_path


def start(machine, shell, *options, **more):
    environment = {
        **os.environ,
        "ZONECMA_ROOT": str(machine / "root"),
        "PATH": f"{machine / 'bin'}:{os.environ['PATH']}",
    }
    command = [*shell, str(machine / "collector.sh"), *options]
    return subprocess.Popen(
        command,
        env=environment,
        cwd=machine / "out",
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=hear_signals,
        **more,
    )


def hear_signals():
    """A shell can't trap what was ignored when it began, as under nohup, which these tests may run under."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def run(machine, shell, *options, **more):
    """Exit status, what it printed, what it said."""
    process = start(machine, shell, *options, **more)
    printed, said = process.communicate(timeout=40)
    return process.returncode, printed, said


def settings(machine):
    """What a tracer may change, as it can be written back."""
    tracing = machine / "root/sys/kernel/tracing"
    plain = {"trace_clock": "local", "events/cma/cma_alloc_start/enable": "0"}
    names = [
        name for name in OLD if name.split("/")[0] not in ("trace", "trace_marker", "trace_pipe", "per_cpu")
    ]
    kept = {name: (tracing / name).read_text().strip() for name in names}
    return {
        name: plain.get(name, value) if OLD[name].strip() == value else value for name, value in kept.items()
    }


def unpacked(machine):
    """The members of the one bundle, by their name within its folder."""
    (bundle,) = (machine / "out").iterdir()
    assert bundle.name.endswith(".tar.gz")
    with tarfile.open(bundle) as tar:
        return {
            member.name.partition("/")[2]: tar.extractfile(member).read() for member in tar if member.isfile()
        }


def notes(members):
    return dict(line.split("=", 1) for line in members["collector.txt"].decode().splitlines())


def until(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def recording(machine):
    return "GT_wl_start" in (machine / "root/sys/kernel/tracing/trace_marker").read_text()


@pytest.mark.parametrize("shell", SHELLS)
def test_a_recording_leaves_a_bundle_and_nothing_else(machine, shell):
    before = settings(machine)
    status, printed, said = run(machine, shell, "-s", "1")
    assert (status, said) == (0, "")
    members = unpacked(machine)
    assert printed.strip().startswith(str(machine / "out/zonecma-"))
    assert settings(machine) == before
    assert not list((machine / "root/run").iterdir())
    assert members["after/vmstat"] == PROC["vmstat"].encode()
    assert members["sysctl"] == b"vm/min_free_kbytes=4096\n"
    assert members["before/cma/a b/bitmap"] == b"0 1\n"
    assert "before/cma/a b/alloc" not in members
    assert gzip.decompress(members["after/page_owner.gz"]).decode() == DEBUG["page_owner"]
    said = notes(members)
    assert (said["lost"], said["truncated"], said["interrupted"]) == ("7", "no", "no")
    assert said["clock"] == "mono"
    assert said["events"] == "kmem/mm_page_alloc,kmem/mm_page_free,cma/cma_alloc_start"
    assert "kmem/mm_page_pcpu_drain" in said["missing"].split(",")


def test_frames_of_areas_are_cut_out(machine):
    run(machine, ["sh"], "-s", "1")
    members = unpacked(machine)
    assert members["before/kpage_ranges"] == b"a b 96 64\n"
    assert gzip.decompress(members["before/kpageflags.gz"]) == PROC["kpageflags"][96 * 8 : 160 * 8]


def test_the_trace_has_its_header_and_the_marks_are_in_order(machine):
    run(machine, ["sh"], "-s", "1")
    assert gzip.decompress(unpacked(machine)["trace.txt.gz"]).decode() == HEADER + LINE
    marks = (machine / "root/sys/kernel/tracing/trace_marker").read_text().split("\n")
    assert marks == ["GT_before_done", "GT_wl_start collector", "GT_wl_end", "GT_after_done", ""]


def test_a_recording_ends_with_its_command(machine):
    status, printed, _ = run(machine, ["sh"], "--", "sh", "-c", "echo it runs; exit 3")
    assert status == 0
    assert printed.startswith("it runs\n")
    assert notes(unpacked(machine))["command_status"] == "3"


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_early_with_a_bundle(machine, shell, number):
    before = settings(machine)
    process = start(machine, shell, "-s", "60")
    until(lambda: recording(machine))
    os.killpg(process.pid, number)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert settings(machine) == before
    assert notes(unpacked(machine))["interrupted"] == "yes"


@pytest.mark.parametrize("shell", SHELLS)
def test_what_a_killed_one_changed_is_undone_by_the_next(machine, shell):
    before = settings(machine)
    process = start(machine, shell, "-s", "60")
    until(lambda: recording(machine))
    other = run(machine, shell, "-s", "1")
    assert other[0] == 2
    assert f"another collector runs here, as process {process.pid}" in other[2]
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert settings(machine) != before
    status, _, said = run(machine, shell, "-r")
    assert (status, said) == (0, "collector: undone\n")
    assert settings(machine) == before
    assert not [*(machine / "out").iterdir(), *(machine / "root/run").iterdir()]


def test_a_fresh_run_undoes_what_a_killed_one_left(machine):
    before = settings(machine)
    process = start(machine, ["sh"], "-s", "60")
    until(lambda: recording(machine))
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    status, _, said = run(machine, ["sh"], "-s", "1")
    assert status == 0
    assert "killed here before" in said
    assert settings(machine) == before
    assert len(unpacked(machine)) > 5


def test_without_tracing_there_are_counts(machine):
    shutil.rmtree(machine / "root/sys/kernel/tracing")
    status, _, said = run(machine, ["sh"], "-s", "1")
    assert (status, said) == (0, "collector: no tracing here: the bundle has counts alone\n")
    members = unpacked(machine)
    assert "trace.txt.gz" not in members
    assert "after/vmstat" in members
    assert notes(members)["tracing"] == "none"


def test_a_full_disk_leaves_nothing(machine):
    """A limit on the size of files stands for the disk's."""
    before = settings(machine)
    fill(machine / "root/proc", {"zoneinfo": os.urandom(300_000)})
    limited = ["sh", "-c", 'trap "" XFSZ; ulimit -f 100; . "$0"']
    status, _, said = run(machine, limited, "-s", "1")
    assert status == 1
    assert "is full; nothing is left there, and tracing is as it was" in said
    assert not list((machine / "out").iterdir())
    assert settings(machine) == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-s", "0"], "-s '0': expected a whole number from 1 to 86400"),
        (["-s", "1;reboot"], "-s '1;reboot': expected"),
        (["-b", "99999"], "-b 99999: expected a whole number from 1 to 1024"),
        (["-l"], "-l '': expected"),
        (["-o", "/nowhere"], "-o: no such folder"),
        (["--fast"], "--fast: no such option"),
        (["--"], "--: expected a command behind it"),
    ],
)
def test_bad_options_are_one_sentence(machine, options, said):
    status, printed, heard = run(machine, ["sh"], *options)
    assert (status, printed) == (2, "")
    assert heard.startswith("collector: " + said)
    assert heard.count("\n") == 1


def test_nothing_to_restore(machine):
    assert run(machine, ["sh"], "-r") == (0, "", "collector: nothing to undo\n")


def test_every_event_that_zonecma_reads_is_asked_for():
    text = collector_script()
    asked = {word.split("/")[1] for word in text.split("EVENTS='")[1].split("'")[0].split()}
    assert {spec.name for spec in EVENTS} - asked == NO_TRACEPOINTS


def test_defaults_are_filled_in():
    text = collector_script(seconds=7, buffer=8, limit=9)
    assert "\nDURATION=7 " in text
    assert "\nBUFFER=8 " in text
    assert "\nLIMIT=9 " in text


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
def test_shellcheck_finds_nothing():
    command = ["shellcheck", "--shell=sh", "-"]
    done = subprocess.run(command, input=collector_script(), text=True, capture_output=True, check=False)
    assert done.stdout == ""


def test_it_is_plain_posix():
    lines = [line.split("#")[0] for line in collector_script().splitlines()]
    for word in (
        "[[",
        "local ",
        "declare ",
        "function ",
        "mktemp",
        "awk",
        "<<<",
        "&>",
        "$RANDOM",
        "==",
        "<(",
    ):
        assert not [line for line in lines if word in line], word
