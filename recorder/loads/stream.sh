# shellcheck shell=sh
# A writer through the page cache, and a reader that faults in what it wrote.
. "${LOADS:-/loads}/contiguous.sh"

run stream "$SEED" "$DATA/stream" "$(least $((MEMORY / 2)) $((ROOM * 3 / 4)))" $((3 * SIZE)) &
contiguous
finish stream
