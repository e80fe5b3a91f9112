# Mounts, and the names of places.
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null  # the kernel mounts it itself, unless its root is in memory
mount -t tracefs trace /sys/kernel/tracing
mount -t debugfs debug /sys/kernel/debug
mount -t tmpfs tmp /tmp

TRACING=/sys/kernel/tracing
T=$TRACING
[ -d $TRACING/instances/cap ] && T=$TRACING/instances/cap  # the buffer in memory of its own
RESULTS=/tmp/res
DATA=/data
mkdir -p $RESULTS

# A line in the trace.
mark() { echo "$1" > $T/trace_marker; }

# The load's scratch disk and its swap; without disks, DATA is the root's folder in memory.
mount_scratch() {
  [ -b /dev/vdc ] && mount -t ext4 /dev/vdc $DATA
  [ -n "$GTSWAP" ] && swapon /dev/vdd
}
