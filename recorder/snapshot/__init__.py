"""The allocator's exact state, out of a dump of the guest's memory, by drgn.

Frames are numbers (pfn), sizes are in frames, lists are in list order, head first.
"""
