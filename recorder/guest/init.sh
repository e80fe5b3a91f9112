#!/bin/sh
# The guest's first program.  The kernel hands on its command line's words as variables:
# GTLOAD, GTSEED, GTSIZE, GTCALLS (count:hold:gap:keep:sizes), GTSWAP.
export PATH=/bin
. /lib/places.sh
. /lib/probes.sh
. /lib/results.sh

SEED=${GTSEED:-0} SIZE=${GTSIZE:-1}
HEAP=$(ls /dev/dma_heap 2>/dev/null | grep -v system | head -n 1)

# What a load calls where its contiguous requests are to start; they run beside it.
contiguous() {
  [ -n "$GTCALLS" ] && [ -n "$HEAP" ] || return 0
  (IFS=:; exec contiguous "$HEAP" $((SEED + 7)) $GTCALLS) > $RESULTS/cma.log 2>&1 &
}

add_probes
cat /proc/uptime > $RESULTS/uptime0
proc_files before
mark GT_before_done
snap A
mount_scratch
mark "GT_wl_start $GTLOAD"
cat /proc/uptime > $RESULTS/uptime1
[ "$GTLOAD" = none ] || . /loads/$GTLOAD.sh
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
