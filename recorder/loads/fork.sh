# shellcheck shell=sh
# Nothing but processes that come and go.
. "${LOADS:-/loads}/contiguous.sh"

run forks "$SEED" "$DATA" $((1 + MEMORY / 64)) $((40 * SIZE)) &
contiguous
finish fork
