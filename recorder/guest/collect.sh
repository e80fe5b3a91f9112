#!/bin/sh
# The first program of a guest that zonecma's collector records.  The second disk brings the script and its options,
# and takes away the bundle and the settings of tracing before and after.
# GTKILL: the collector is killed after so many seconds, and its changes are undone by a second run.
export PATH=/bin:/usr/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mount -t tmpfs tmp /tmp
mount -t ext4 /dev/vdc /data
[ -n "$GTSWAP" ] && swapon /dev/vdd
hostname "${GTHOST:-guest}"
mkdir /tmp/res
RESULTS=/tmp/res

# settings MOMENT: all that a tracer may change.  A buffer that its first use enlarges counts as enlarged; sizes are in
# steps of 16 KiB, for the kernel rounds them to what its pages hold.
settings() {
  cat /proc/mounts > $RESULTS/mounts.$1
  ls -d /run/zonecma* /dev/zonecma* /raw/zonecma* /raw/.zonecma* 2>/dev/null | grep -v gz$ > $RESULTS/left.$1
  mount -t tracefs trace /sys/kernel/tracing 2>/dev/null && mounted=yes || mounted=''  # a killed collector's is kept
  (cd /sys/kernel/tracing && ls instances && grep -s . tracing_on current_tracer trace_clock buffer_size_kb \
    set_event options/* events/enable events/*/enable events/*/*/enable) |
    sed 's/[^:]*(expanded: \(.*\))/\1/' |
    awk -F: '$1 == "buffer_size_kb" {$0 = $1 ":" int($2 / 16) * 16} {print}' > $RESULTS/settings.$1
  [ -z "$mounted" ] || umount /sys/kernel/tracing
}

cd /tmp
tar xf /dev/vdb
settings before
if [ -n "$GTKILL" ]; then
  sh collector.sh $(cat options) -o /raw -- sh /lib/load.sh &
  sleep $GTKILL
  kill -9 $!
  settings killed
  sh collector.sh -r && echo "recorder: undone"
else
  sh collector.sh $(cat options) -o /raw -- sh /lib/load.sh || echo "recorder: the collector fails with status $?"
fi
settings after
mv /raw/*.gz $RESULTS
cd $RESULTS
tar cf /dev/vdb *
sync
echo recorder: done
poweroff -f
