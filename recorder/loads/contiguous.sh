# shellcheck shell=sh
# What every load has: the contiguous calls, memory's size, and the line at the end.  Sourced by every load.
# SEED, SIZE, DATA, HEAP, RESULTS and CALLS are the recorder's; each of the others has its default here.

of_meminfo() { awk -v name="$1:" '$1 == name {kib = $2} END {print int(kib / 1024)}' /proc/meminfo; }
# MiB; every amount of a load is a share of it.  Rounded up to 64, for MemTotal lacks what the kernel took for itself,
# and that differs by kernel and by placement, where what is asked for must not.
MEMORY=${MEMORY:-$((($(of_meminfo MemTotal) + 63) / 64 * 64))}
AREA=${AREA:-$(of_meminfo CmaTotal)} # MiB of contiguous areas
ROOM=${ROOM:-$(df -Pm "$DATA" | awk 'END {print $4}')} # MiB free on the scratch disk

least() { echo $(($1 < $2 ? $1 : $2)); }
most() { echo $(($1 > $2 ? $1 : $2)); }

# Runs a program of a load; the line it says is kept for `finish`.
run() { "$@" >>"$RESULTS/load.log" 2>&1; }

# Starts the contiguous calls in the background: CALLS is LEAST:MOST in MiB, or empty for none.
contiguous() {
	[ -n "$CALLS" ] || return 0
	CALLS_FROM=${HEAP:+/dev/dma_heap/$HEAP}
	for area in "${DEBUGFS:-/sys/kernel/debug}"/cma/*; do
		[ -n "$CALLS_FROM" ] || CALLS_FROM=$area
	done
	command contiguous "$SEED" "$CALLS_FROM" "${CALLS%:*}" "${CALLS#*:}" "${CALLS_COUNT:-20}" \
		"${CALLS_HOLD:-100}" "${CALLS_GAP:-200}" "${CALLS_KEEP:-3}" >"$RESULTS/contiguous.log" 2>&1 &
}

# Most memory that a load may hold for good and leave room for the area, the kernel and what else it asks for.
safe() { most $((MEMORY - AREA - MEMORY / 8 - 144)) $((MEMORY / 8)); }

# Fills memory, first with page cache, then with anonymous memory; `drain` gives both back.
fill() {
	cache=$(least $((MEMORY / 2)) $((ROOM * 3 / 4)))
	anonymous=$(least $((MEMORY * 7 / 10 - cache)) "$(safe)")
	dd if=/dev/zero of="$DATA/filling" bs=1048576 count="$cache" 2>/dev/null
	cat "$DATA/filling" >/dev/null
	holder=$(hold "$SEED" "$anonymous")
	echo "fill: $cache MiB of page cache, $anonymous MiB held" >>"$RESULTS/load.log"
}
drain() {
	kill "$holder" || echo "drain: the holder was killed before" >>"$RESULTS/load.log"
	while grep -q VmRSS "/proc/$holder/status" 2>/dev/null; do sleep 0.1; done
	rm -f "$DATA/filling"
}

# Waits for whatever runs in the background, and says in one line what the load did.
finish() {
	wait
	[ -f "$RESULTS/contiguous.log" ] && tail -n 1 "$RESULTS/contiguous.log" >>"$RESULTS/load.log"
	echo "$1, seed $SEED, size $SIZE: $(sort "$RESULTS/load.log" | tr '\n' ';')"
}
