"""The recorder's loads: they build without a warning, run on any Linux, and the same seed asks for the same.

Nothing here needs a privilege, and nothing touches the machine's swap or its contiguous areas: an area is a
folder with two files that keep what is written to them, as the debugfs of CMA has.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

LOADS = REPOSITORY / "recorder" / "loads"
PROGRAMS = sorted(path.stem for path in LOADS.glob("*.c"))
SCRIPTS = sorted(path.stem for path in LOADS.glob("*.sh"))
NAMES = sorted(set(SCRIPTS) - {"contiguous"})
MEMORY = Path("/dev/shm")
NEEDS = sorted(LOADS.glob("*.needs"))
REQUESTS = re.compile(r"\d+ requests \([0-9a-f]+\)|\d+ rounds of \d+ files \([0-9a-f]+\)")

ARGUMENTS = {
    "anon": "8 200",
    "direct": "{}/file 4 40",
    "files": "{} 20 64 100",
    "forks": "{} 1 2",
    "metadata": "{} 200",
    "mmap": "{}/file 4 100",
    "pin": "2 5 1 io_uring",
    "stream": "{}/file 4 2",
    "swap": "8 50",
    "thp": "8 100",
}
"""Of each program, after the seed; {} is a folder."""


def tool(name, package):
    """Where a program is; a test that needs one that is missing is skipped and says how to get it."""
    path = shutil.which(name)
    if not path:
        pytest.skip(f"{name} is missing: apt install {package}")
    return path


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """The folder of all programs, built as the guest's are, but with every warning an error."""
    folder = tmp_path_factory.mktemp("bin")
    gcc = tool("gcc", "gcc libc6-dev")

    def build(name):
        flags = ["-O2", "-static", "-Wall", "-Wextra", "-Werror"]
        subprocess.run([gcc, *flags, "-o", folder / name, LOADS / f"{name}.c"], check=True)

    with ThreadPoolExecutor() as pool:
        list(pool.map(build, PROGRAMS))
    return folder


@pytest.fixture
def area(tmp_path):
    """The debugfs of a machine with one contiguous area."""
    return area_in(tmp_path / "debug")


def area_in(folder):
    area = folder / "cma" / "reserved"
    area.mkdir(parents=True)
    for name in ("alloc", "free"):
        (area / name).touch()
    return area


def sources_in(folder):
    folder.mkdir()
    (folder / "main.c").write_text("int one(void);\nint main(void) { return one() - 1; }\n")
    (folder / "one.c").write_text("int one(void) { return 1; }\n")
    return folder


def run_load(name, seed, programs, top):
    """What a load says on a machine of 32 MiB, with commands for swap that do nothing."""
    data, scratch, results = (top / each for each in ("data", "scratch", "results"))
    for folder in (data, scratch, results):
        folder.mkdir(parents=True)
    area_in(top)
    machine = {
        "MEMORY": 32,
        "AREA": 8,
        "ZRAM": 0,
        "DATA": data,
        "SCRATCH": scratch,
        "DEBUGFS": top,
        "HEAP": "",
    }
    load = {
        "SEED": seed,
        "SIZE": 1,
        "PIN_HOLD": 1,
        "JOBS": 2,
        "SOURCES": sources_in(top / "src"),
        "CC": "gcc",
    }
    calls = {"CALLS": "1:4", "CALLS_COUNT": 5, "CALLS_GAP": 1, "CALLS_HOLD": 1, "RESULTS": results}
    paths = {"PATH": f"{programs}:{os.environ['PATH']}", "LOADS": LOADS}
    ran = subprocess.run(
        ["sh", "-euc", f"mkswap() {{ :; }}; swapon() {{ :; }}; swapoff() {{ :; }}; . {LOADS}/{name}.sh"],
        env={key: str(value) for key, value in (paths | machine | load | calls).items()},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert not ran.stderr
    assert not [*data.iterdir(), *scratch.iterdir()], "a load cleans up"
    return ran.stdout


def say(programs, name, seed, folder):
    command = [programs / name, str(seed), *ARGUMENTS[name].format(folder).split()]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not ran.stderr
    assert not [*folder.iterdir()], "a program cleans up"
    return ran.stdout


def test_every_program_is_tried():
    assert {*PROGRAMS} == {*ARGUMENTS, "contiguous", "hold"}


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_the_same_seed_asks_for_the_same(programs, name, tmp_path):
    first, again, other = (say(programs, name, seed, tmp_path) for seed in (1, 1, 2))
    assert first.startswith(f"{name}: ")
    assert first.count("\n") == 1
    assert REQUESTS.findall(first) == REQUESTS.findall(again) != REQUESTS.findall(other)


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_wrong_arguments_get_one_line(programs, name):
    for arguments in ([], ["one", *ARGUMENTS[name].split()]):
        ran = subprocess.run([programs / name, *arguments], capture_output=True, text=True)
        assert ran.returncode == 2
        assert (ran.stdout, ran.stderr.count("\n")) == ("", 1)


def test_what_is_written_is_what_is_read(programs, tmp_path):
    assert "read as written" in say(programs, "stream", 3, tmp_path)
    assert ", 0 of them lost" in say(programs, "swap", 3, tmp_path)
    assert ", 0 of them failed" in say(programs, "forks", 3, tmp_path)


def test_the_holder_holds_until_it_is_killed(programs):
    command = [programs / "hold", "1", "8"]
    holder = int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)
    status = Path(f"/proc/{holder}/status").read_text()
    os.kill(holder, signal.SIGTERM)
    resident = int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])
    assert 8 << 10 <= resident < 10 << 10


def calls(programs, area, seed, **changes):
    """The lines of ten calls of 1 to 8 MiB, of which at most two are held."""
    wish = {"least": 1, "most": 8, "count": 10, "hold": 0, "gap": 0, "keep": 2} | changes
    command = [programs / "contiguous", str(seed), area, *map(str, wish.values())]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_contiguous_calls(programs, area):
    *lines, last = calls(programs, area, 7)
    told = [re.fullmatch(r"call=(\d+) mib=(\d+) us=\d+ errno=0", line) for line in lines]
    sizes = [int(line[2]) for line in told]
    assert [int(line[1]) for line in told] == [*range(10)]
    assert {*sizes} <= {1, 2, 4, 8}
    assert last.endswith(", 10 ok, 0 failed")
    taken, given = ([int(x) for x in (area / name).read_text().split()] for name in ("alloc", "free"))
    assert taken == [size * 256 for size in sizes]  # pages, as cma_alloc() is asked
    assert sorted(given) == sorted(taken)


def test_contiguous_calls_follow_from_the_seed(programs, area):
    def sizes(seed):
        return [line.split()[1] for line in calls(programs, area, seed, count=30)[:-1]]

    assert sizes(1) == sizes(1) != sizes(2)
    assert {*sizes(1)} == {"mib=1", "mib=2", "mib=4", "mib=8"}


def test_a_failed_call_changes_nothing_asked_for(programs, area):
    *lines, last = calls(programs, area, 7)
    (area / "alloc").unlink()
    *failing, all_failed = calls(programs, area, 7)
    assert [line.split()[1] for line in failing] == [line.split()[1] for line in lines]
    assert all(line.endswith("errno=2") for line in failing)
    assert REQUESTS.findall(all_failed) == REQUESTS.findall(last)
    assert all_failed.endswith(", 0 ok, 10 failed")


@pytest.fixture
def quick(name, tmp_path):
    """A folder in memory where there is one, so that no disk is waited for; O_DIRECT wants a disk."""
    with tempfile.TemporaryDirectory(
        dir=MEMORY if MEMORY.is_dir() and name not in ("pin", "splice") else tmp_path
    ) as folder:
        yield Path(folder)


@pytest.mark.parametrize("name", NAMES)
def test_a_load_says_in_one_line_what_it_did(name, programs, quick):
    def run(which, seed):
        return run_load(name, seed, programs, quick / which)

    with ThreadPoolExecutor() as pool:
        first, again, other = pool.map(run, ("first", "again", "other"), (1, 1, 2))
    assert first.startswith(f"{name}, seed 1, size 1: ")
    assert first.count("\n") == 1
    assert "contiguous: 5 requests" in first
    assert not re.search(r"[1-9]\d* of them (failed|lost)|[1-9]\d* failed|usage|not found", first)
    assert REQUESTS.findall(first) == REQUESTS.findall(again) != REQUESTS.findall(other)


def test_memory_is_a_round_figure(tmp_path):
    """Two kernels keep more or less of one machine for themselves; a load asks both for the same."""
    script = f"DATA={tmp_path}; . {LOADS}/contiguous.sh; echo $MEMORY"
    environment = {"PATH": os.environ["PATH"]}
    ran = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, check=True)
    total = int(re.search(r"MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text())[1]) // 1024
    assert int(ran.stdout) % 64 == 0
    assert 0 <= int(ran.stdout) - total < 64


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_guests_shell_can_read_a_load(name):
    subprocess.run([tool("busybox", "busybox-static"), "sh", "-n", LOADS / f"{name}.sh"], check=True)


def test_no_program_hides_behind_a_command_of_the_guest():
    """The guest's shell runs an applet of busybox rather than a program of the same name."""
    busybox = tool("busybox", "busybox-static")
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    assert not {*PROGRAMS} & {*applets}


@pytest.mark.parametrize("path", NEEDS, ids=lambda path: path.name)
def test_needs_are_lines_of_four_kinds(path):
    kinds = {
        "package": r"[a-z0-9.+-]+",
        "copy": r"/\S+",
        "source": r"[a-z0-9.]+ \S+ /\S+",
        "kernel": r"CONFIG_[A-Z0-9_]+=\S+",
    }
    assert path.stem in SCRIPTS
    for line in path.read_text().splitlines():
        kind, _, rest = line.partition(" ")
        assert kind == "#" or re.fullmatch(kinds[kind], rest), line


def test_every_load_has_its_row():
    rows = re.findall(r"^\| `(\w+)` \|", (LOADS / "README.md").read_text(), re.MULTILINE)
    assert sorted(rows) == NAMES


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_are_short_and_say_why(name):
    text = (LOADS / f"{name}.c").read_text()
    assert text.startswith(f"/* {name} SEED")
    assert "It matters because" in " ".join(text.split("*/")[0].split()) or "It matters most" in text
    assert text.count("\n") <= 110
