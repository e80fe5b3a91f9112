# shellcheck shell=sh
# A bit of everything at once: anonymous memory, files on disk and on tmpfs, processes that come and go.
. "${LOADS:-/loads}/contiguous.sh"

run anon "$SEED" $((MEMORY * 15 / 100)) $((1500 * SIZE)) &
run files "$SEED" "$DATA" 150 "$MEMORY" $((300 * SIZE)) &
run files $((SEED + 1)) "${SCRATCH:-/tmp}" 60 256 $((150 * SIZE)) &
run forks "$SEED" "$DATA" $((1 + MEMORY / 128)) $((25 * SIZE)) &
contiguous
finish mix
