# shellcheck shell=sh
# No load: the machine idles, or answers contiguous calls with nothing in their way.
. "${LOADS:-/loads}/contiguous.sh"

contiguous
finish none
