# shellcheck shell=sh
# As `pin`, by vmsplice(): plain references, for which no page is moved out of an area before.
PIN=vmsplice NAME=splice
. "${LOADS:-/loads}/pin.sh"
