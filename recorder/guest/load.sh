# The load as a program of its own, for the collector to start.
RESULTS=/tmp/res DATA=/data
. /lib/words.sh
. /loads/$GTLOAD.sh > $RESULTS/load
wait
