# shellcheck shell=sh
# File mappings, shared and private, faulted in again and again.
. "${LOADS:-/loads}/contiguous.sh"

run mmap "$SEED" "$DATA/mmap" "$(least $((MEMORY / 4)) $((ROOM / 2)))" $((600 * SIZE)) &
contiguous
finish mmap
