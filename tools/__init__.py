"""What writes parts of this repository."""
