"""Hot paths beside something known.  Run with ``make bench``; none of them is a test."""
