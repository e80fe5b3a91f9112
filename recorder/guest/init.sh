#!/bin/sh
# The guest's first program.  The kernel hands on its command line's words as variables:
# GTLOAD, GTSEED, GTSIZE, GTSWAP, GTCALLS (least:most, MiB), GTCALLS_{COUNT,HOLD,GAP,KEEP}.
export PATH=/bin:/usr/bin
. /lib/places.sh
. /lib/probes.sh
. /lib/results.sh
. /lib/words.sh

add_probes
cat /proc/uptime > $RESULTS/uptime0
proc_files before
mark GT_before_done
snap A
mount_scratch
mark "GT_wl_start $GTLOAD"
cat /proc/uptime > $RESULTS/uptime1
. /loads/$GTLOAD.sh > $RESULTS/load
wait
cat /proc/uptime > $RESULTS/uptime2
mark GT_wl_end
proc_files after
mark GT_after_done
snap B
echo 0 > $T/tracing_on
bring_back
echo recorder: done
poweroff -f
