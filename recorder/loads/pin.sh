# shellcheck shell=sh
# Pins: long ones of fixed buffers, short ones of direct I/O, and ordinary memory around them.
. "${LOADS:-/loads}/contiguous.sh"

run pin "$SEED" $((MEMORY / 16)) $((100 * SIZE)) "${PIN_HOLD:-50}" "${PIN:-io_uring}" &
run direct "$SEED" "$DATA/direct" "$(least $((MEMORY / 16)) $((ROOM / 4)))" $((200 * SIZE)) &
run anon "$SEED" $((MEMORY / 5)) $((1000 * SIZE)) &
contiguous
finish "${NAME:-pin}"
