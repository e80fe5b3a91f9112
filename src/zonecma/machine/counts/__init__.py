"""A machine's state at the start of a trace, without an exact snapshot: from the trace, and from counts."""
