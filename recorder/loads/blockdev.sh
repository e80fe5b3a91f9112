# shellcheck shell=sh
# Metadata under memory pressure: directories, inodes and bitmaps are reclaimed and read again.
. "${LOADS:-/loads}/contiguous.sh"

fill
run metadata "$SEED" "$DATA" $((3000 * SIZE)) &
run anon "$SEED" $((MEMORY / 10)) $((1000 * SIZE)) &
contiguous
wait
drain
finish blockdev
