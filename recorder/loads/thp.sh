# shellcheck shell=sh
# Huge pages, and small ones that keep their blocks apart.
. "${LOADS:-/loads}/contiguous.sh"

run thp "$SEED" $((MEMORY * 3 / 8)) $((600 * SIZE)) &
run anon "$SEED" $((MEMORY / 10)) $((1500 * SIZE)) &
contiguous
finish thp
