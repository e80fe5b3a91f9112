"""The guest's root: busybox, the recorder's programs, the loads, and something to read."""

from __future__ import annotations

import hashlib
import random
import shutil
import subprocess
from pathlib import Path

from recorder.errors import RecorderError
from recorder.folders import locked, new_folder
from recorder.needs import Needs, check_packages, fill, read_needs
from recorder.programs import find

_HERE = Path(__file__).parent
GUEST, LOADS = _HERE / "guest", _HERE / "loads"
_FOLDERS = ("bin", "lib", "loads", "proc", "sys", "dev", "tmp", "data", "src", "etc", "raw")
_ROOT_DISK = "512M"
_SHARED = ("contiguous.sh",)
"""Scripts that loads source; no loads themselves."""
_UUID = "11111111-2222-3333-4444-{:012}"
"""File systems are made the same each time: their identity decides where files lie."""


def loads() -> dict[str, Path]:
    """The loads that there are, by name."""
    return {path.stem: path for path in sorted(LOADS.glob("*.sh")) if path.name not in _SHARED}


def needs_of(load: str) -> Needs:
    """What a load needs besides its script."""
    return read_needs(LOADS / f"{load}.needs")


def guest_root(cache: Path, load: str) -> Path:
    """The folder of a load's root, from the cache or made now."""
    needs = needs_of(load)
    check_packages(needs)
    sources = sorted(path for place in (GUEST, LOADS) for path in place.rglob("*") if path.is_file())
    texts = [str(path.relative_to(_HERE)).encode() + path.read_bytes() for path in sources]
    busybox = Path(find("busybox"))
    key = hashlib.sha256(b"\0".join([*texts, busybox.read_bytes()])).hexdigest()[:12]
    key += f"-{load}" if needs.copy or needs.source else ""
    root = cache / "root" / key
    with locked(cache / "root.lock"):
        if not root.exists():
            with new_folder(root) as folder:
                _fill(folder, busybox)
                fill(folder, needs, cache)
    return root


def _fill(root: Path, busybox: Path) -> None:
    for name in _FOLDERS:
        (root / name).mkdir()
    _add_busybox(root, busybox)
    for source in sorted(GUEST.glob("*.c")) + sorted(LOADS.glob("*.c")):
        _compile(source, root / "bin" / source.stem)
    for script in GUEST.glob("*.sh"):
        shutil.copy(script, root / "lib" / script.name)
    for script in LOADS.glob("*.sh"):
        shutil.copy(script, root / "loads" / script.name)
    (root / "lib/init.sh").rename(root / "init")
    for program in ("init", "lib/collect.sh"):
        (root / program).chmod(0o755)
    _add_texts(root / "src")


def _add_busybox(root: Path, busybox: Path) -> None:
    shutil.copy(busybox, root / "bin/busybox")
    listed = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout
    for applet in set(listed.split()) - {"busybox"}:
        (root / "bin" / applet).symlink_to("busybox")


def _compile(source: Path, program: Path) -> None:
    command = ["gcc", "-O2", "-Wall", "-static", "-pthread", "-o", str(program), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RecorderError(f"{source}: does not compile: {done.stderr.strip().splitlines()[-1]}")


def _add_texts(folder: Path) -> None:
    """Forty files of 20 to 240 KiB that look like C, for loads that read, sort and compress."""
    chance = random.Random(5)
    for i in range(40):
        lines = (
            f"{chance.getrandbits(64):x} int main_{chance.getrandbits(13)}(void) {{ return {i}; }}\n"
            for _ in range(chance.randint(500, 6000))
        )
        (folder / f"f{i}").write_text("".join(lines))


def root_disk(root: Path, image: Path) -> None:
    """An ext4 file system with the root."""
    _make_ext4(image, _ROOT_DISK, 1, "-d", str(root))


def scratch_disk(image: Path, mib: int) -> None:
    """An empty ext4 file system."""
    _make_ext4(image, f"{mib}M", 2)


def _make_ext4(image: Path, size: str, number: int, *options: str) -> None:
    uuid = _UUID.format(number)
    command = [
        find("mke2fs"),
        "-q",
        "-t",
        "ext4",
        *options,
        "-U",
        uuid,
        "-E",
        f"hash_seed={uuid}",
        str(image),
        size,
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def swap_disk(image: Path, mib: int) -> None:
    """A swap area."""
    empty_disk(image, mib << 20)
    subprocess.run([find("mkswap"), "-q", "-U", _UUID.format(4), image], check=True)


def empty_disk(image: Path, size: int = 1 << 30) -> None:
    """A disk of zeros."""
    with image.open("wb") as file:
        file.truncate(size)
    image.chmod(0o600)


def initrd(root: Path, image: Path) -> None:
    """The root as a cpio archive, for a guest without disks."""
    names = "\n".join(sorted(str(path.relative_to(root)) for path in root.rglob("*")))
    with image.open("wb") as file:
        command = ["cpio", "--create", "--format=newc", "--reproducible", "--quiet"]
        subprocess.run(command, cwd=root, input=names.encode(), stdout=file, check=True)
