# shellcheck shell=sh
# Memory is full before the load begins: every request has to reclaim, every contiguous call to migrate.
. "${LOADS:-/loads}/contiguous.sh"

fill
run anon "$SEED" $((MEMORY / 10)) $((1500 * SIZE)) &
run forks "$SEED" "$DATA" $((1 + MEMORY / 128)) $((15 * SIZE)) &
contiguous
wait
drain
finish press
