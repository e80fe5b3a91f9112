"""What a real kernel did: ftrace text, /proc files and exact snapshots, read into columns."""
