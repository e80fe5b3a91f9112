"""The experiments: plain data in, plain data out."""
