# shellcheck shell=sh
# A second of anonymous memory and files: enough to check a recorder.
. "${LOADS:-/loads}/contiguous.sh"

run anon "$SEED" $((MEMORY / 16)) $((200 * SIZE)) &
run files "$SEED" "$DATA" 40 $((MEMORY / 4)) $((60 * SIZE)) &
contiguous
finish small
