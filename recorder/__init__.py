"""Records real Linux kernels: builds one, boots it in QEMU, runs a load, brings back what the allocator did.

``python -m recorder`` is the command; it is not part of the package that ships.
"""
