"""A kernel's boot, from memblock to a filled allocator, step by step."""
