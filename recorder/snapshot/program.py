"""A dump as drgn sees it."""

from __future__ import annotations

import re
from pathlib import Path

import drgn

_VMCOREINFO = """OSRELEASE={release}
PAGESIZE=4096
SYMBOL(swapper_pg_dir)={page_table:x}
SYMBOL(_stext)={text:x}
NUMBER(VMALLOC_START)=0xffffc90000000000
LENGTH(mem_section)=4096
NUMBER(SECTION_SIZE_BITS)=27
NUMBER(MAX_PHYSMEM_BITS)=46
NUMBER(phys_base)=0
NUMBER(pgtable_l5_enabled)=0
NUMBER(KERNEL_IMAGE_SIZE)=536870912
NUMBER(sme_mask)=0
KERNELOFFSET=0
"""
"""What a kernel without KASLR says of itself: when tracing starts it has not said it to QEMU yet."""


def open_dump(dump: Path, vmlinux: Path, symbols: Path) -> drgn.Program:
    """The kernel in a dump of QEMU's dump-guest-memory, with its types."""
    addresses = _addresses(symbols.read_text(), ("init_top_pgt", "_stext"))
    info = _VMCOREINFO.format(
        release=_release(vmlinux), page_table=addresses["init_top_pgt"], text=addresses["_stext"]
    )
    program = drgn.Program(vmcoreinfo=info.encode())
    program.set_core_dump(dump)
    program.load_debug_info([vmlinux])
    return program


def _addresses(system_map: str, names: tuple[str, ...]) -> dict[str, int]:
    rows = (line.split() for line in system_map.splitlines())
    return {name: int(address, 16) for address, _, name in rows if name in names}


def _release(vmlinux: Path) -> str:
    """The kernel's release, as in its banner."""
    match = re.search(rb"Linux version (\S+) \(", vmlinux.read_bytes())
    assert match, "every vmlinux has its banner"
    return match[1].decode()


def has_member(program: drgn.Program, structure: str, name: str) -> bool:
    """Whether a structure has a member in this kernel."""
    return bool(program.type(structure).has_member(name))
