#!/bin/sh
# Records for some seconds what this machine's page allocator does, takes the kernel's own figures before and after,
# and writes one NAME.tar.gz that zonecma reads.  `zonecma collector` prints this script.
#
# It needs root, a POSIX shell (busybox, dash, mksh) and dd, df, gzip, ls, tar and their like; no Python.
# What it changes it first notes in a file, and undoes at its end, when interrupted, or with -r after it was killed.
# ZONECMA_ROOT=FOLDER takes /proc, /sys, /run and /dev from there: for tests.

DURATION=30 # seconds
BUFFER=32   # MiB of ring buffer, in all CPUs
LIMIT=64    # MiB of bundle at most

R=${ZONECMA_ROOT:-}
OUT='' COMMAND='' TIMED='' QUIET=''
STATE='' TRACING='' TRACE='' INSTANCE='' DEBUG=''
WORK='' NAME='' BUNDLE='' PART=''
DRAIN='' READER='' LOADER='' OWN=$$
PHASE=starting STOPPED='' TRUNCATED=no INTERRUPTED=no
NUMBER='' VALUE='' REVERSED=''
NEWLINE='
'

# What zonecma reads, by system/event.  Those that a kernel lacks are left out, and named in collector.txt.
EVENTS='
kmem/mm_page_alloc kmem/mm_page_free kmem/mm_page_free_batched
kmem/mm_page_pcpu_drain kmem/mm_page_alloc_zone_locked kmem/mm_page_alloc_extfrag
cma/cma_alloc cma/cma_alloc_start cma/cma_alloc_busy_retry cma/cma_alloc_finish cma/cma_release
migrate/mm_migrate_pages_start migrate/mm_migrate_pages migrate/set_migration_pte migrate/remove_migration_pte
page_isolation/test_pages_isolated
compaction/mm_compaction_isolate_migratepages compaction/mm_compaction_isolate_freepages
compaction/mm_compaction_fast_isolate_freepages compaction/mm_compaction_migratepages
compaction/mm_compaction_begin compaction/mm_compaction_end compaction/mm_compaction_try_to_compact_pages
compaction/mm_compaction_finished compaction/mm_compaction_suitable compaction/mm_compaction_deferred
compaction/mm_compaction_defer_compaction compaction/mm_compaction_defer_reset
compaction/mm_compaction_kcompactd_sleep compaction/mm_compaction_kcompactd_wake
compaction/mm_compaction_wakeup_kcompactd
vmscan/mm_vmscan_kswapd_sleep vmscan/mm_vmscan_kswapd_wake vmscan/mm_vmscan_wakeup_kswapd
vmscan/mm_vmscan_direct_reclaim_begin vmscan/mm_vmscan_direct_reclaim_end
vmscan/mm_vmscan_lru_isolate vmscan/mm_vmscan_lru_shrink_inactive
pagemap/mm_lru_insertion pagemap/mm_lru_activate
filemap/mm_filemap_add_to_page_cache filemap/mm_filemap_delete_from_page_cache
writeback/writeback_dirty_folio writeback/folio_wait_writeback writeback/writeback_start
writeback/writeback_single_inode
oom/mark_victim
'

# The lines of the trace have the plain form; an option that a kernel lacks needs no change.
PLAIN='latency-format=0 raw=0 hex=0 bin=0 verbose=0 fields=0 stacktrace=0 userstacktrace=0 record-tgid=0
context-info=1 markers=1 overwrite=1 hash-ptr=0'

# lowmem_reserve_ratio is left out: older kernels compute the reserves anew when it is read
# (lowmem_reserve_ratio_sysctl_handler), and /proc/zoneinfo has its outcome.
SYSCTLS='min_free_kbytes watermark_scale_factor watermark_boost_factor percpu_pagelist_fraction
percpu_pagelist_high_fraction swappiness vfs_cache_pressure dirty_ratio dirty_background_ratio dirty_bytes
dirty_background_bytes dirty_expire_centisecs dirty_writeback_centisecs overcommit_memory overcommit_ratio
page-cluster compaction_proactiveness compact_unevictable_allowed extfrag_threshold zone_reclaim_mode
min_unmapped_ratio min_slab_ratio laptop_mode'

usage() {
	echo "usage: sh collector.sh [-s SECONDS] [-b MIB] [-l MIB] [-o FOLDER] [-q] [-- COMMAND ...]
       sh collector.sh -r

  -s SECONDS  how long to record ($DURATION)
  -b MIB      ring buffer, in all CPUs together ($BUFFER); less where little memory is free
  -l MIB      how large the bundle may become ($LIMIT); twice as much must be free in FOLDER
  -o FOLDER   where the bundle goes (here, or /data/local/tmp, or /tmp)
  -q          read nothing while recording: less disturbance, but only the last MIB of -b are kept
  -r          undo what a collector changed that was killed
  COMMAND     is started with the recording, which ends with it; -s then is the longest it may take"
}

# -- saying, and giving up

say() { echo "collector: $*" >&2 || :; }

# The machine cannot be recorded: nothing was written.
refuse() {
	say "$*"
	exit 2
}

# It went wrong on the way.
give_up() {
	say "$*"
	exit 1
}

# -- small tools; what they find is in VALUE

# first FILE: its first line; fails if there is none
first() {
	VALUE=''
	{ IFS= read -r VALUE <"$1"; } 2>/dev/null || [ -n "$VALUE" ]
}

# write VALUE FILE: fails quietly
write() { { echo "$1" >"$2"; } 2>/dev/null; }

# size FILE: bytes
size() {
	# shellcheck disable=SC2012,SC2046 # one plain name; its words are wanted
	set -- $(ls -ln "$1" 2>/dev/null)
	VALUE=${5:-0}
}

# free FOLDER: KiB that are free there; empty if df does not say
free() {
	VALUE=$(df -k "$1" 2>/dev/null | {
		line=''
		while read -r next; do line=$next; done
		# shellcheck disable=SC2086 # words
		set -- $line
		[ $# -gt 3 ] && shift $(($# - 3)) && echo "$1"
	})
	case $VALUE in '' | *[!0-9]*) VALUE='' ;; esac
}

# meminfo NAME: KiB; empty if the kernel does not tell
meminfo() {
	VALUE=''
	[ -r "$R/proc/meminfo" ] || return 0
	while read -r name figure _; do
		[ "$name" = "$1:" ] && VALUE=$figure && break
	done <"$R/proc/meminfo"
}

# started PID: when a process began, in ticks since boot: with its number it is no other's
started() {
	first "/proc/$1/stat" || return 1
	# shellcheck disable=SC2086 # the words behind the name, which may hold anything
	set -- ${VALUE##*)}
	shift 19
	VALUE=$1
}

now() {
	first /proc/uptime
	VALUE=${VALUE%%.*}
}

# alive PID START: whether this very process still runs
alive() { started "$1" && [ "$VALUE" = "$2" ]; }

# -- options

# number OPTION TEXT MOST
number() {
	case $2 in
	'' | *[!0-9]* | 0* | ???????*) refuse "$1 '$2': expected a whole number from 1 to $3" ;;
	esac
	[ "$2" -le "$3" ] || refuse "$1 $2: expected a whole number from 1 to $3"
	NUMBER=$2
}

# Leaves the command's words to whoever calls: COMMAND says how many there are.
options() {
	while [ $# -gt 0 ]; do
		case $1 in
		-s) number -s "${2-}" 86400 && DURATION=$NUMBER TIMED=yes ;;
		-b) number -b "${2-}" 1024 && BUFFER=$NUMBER ;;
		-l) number -l "${2-}" 1024 && LIMIT=$NUMBER ;;
		-o)
			[ -n "${2-}" ] || refuse "-o: expected a folder"
			OUT=$2
			;;
		-h | --help) usage && exit 0 ;;
		-q) QUIET=yes ;;
		-r | --restore) restore_only ;;
		--) shift && COMMAND=$# && break ;;
		*) refuse "$1: no such option; -h lists those that there are" ;;
		esac
		case $1 in -s | -b | -l | -o) shift ;; esac
		shift
	done
	[ "$COMMAND" != 0 ] || refuse "--: expected a command behind it"
}

# -- the state file: what is to be undone, a line each, oldest first.  Also the lock: one collector at a time.

find_state() {
	for place in "$R/run" "$R/dev"; do
		[ -d "$place" ] && [ -w "$place" ] && STATE=$place/zonecma-collector.state && return
	done
	refuse "neither /run nor /dev can be written; expected one, to note there what to undo"
}

remember() {
	echo "$*" >>"$STATE" || give_up "$STATE cannot be written, so nothing is changed that it must name"
}

lock() {
	if [ -f "$STATE" ]; then
		refuse_if_owned
		say "a collector was killed here before: its changes are undone first"
		undo
	fi
	started $$
	(set -C && echo "owner $$ $VALUE" >"$STATE") 2>/dev/null && return
	STATE='' # not ours to undo
	refuse "another collector has just begun here"
}

refuse_if_owned() {
	read -r kind pid start <"$STATE" || kind=''
	[ "$kind" = owner ] && [ "$pid" != $$ ] && alive "$pid" "$start" || return 0
	STATE='' # not ours to undo
	refuse "another collector runs here, as process $pid; end it with: kill $pid"
}

restore_only() {
	need_root
	find_state
	[ -f "$STATE" ] || { STATE='' && say "nothing to undo" && exit 0; }
	refuse_if_owned
	undo && say "undone" && exit 0
	exit 1
}

# reverse FILE: its lines in REVERSED, the last first
reverse() {
	REVERSED=''
	while IFS= read -r line; do REVERSED=$line$NEWLINE$REVERSED; done <"$1"
}

# Undoes all that the state file names, the latest change first; what cannot be undone is said, and stays in the file.
undo() {
	[ -n "$STATE" ] && [ -f "$STATE" ] || return 0
	reverse "$STATE"
	left=''
	while [ -n "$REVERSED" ]; do
		line=${REVERSED%%"$NEWLINE"*}
		REVERSED=${REVERSED#*"$NEWLINE"}
		undo_one "${line%% *}" "${line#* }" || left=$line$NEWLINE$left
	done
	[ -n "$left" ] || { rm -f "$STATE" && return; }
	echo "${left%"$NEWLINE"}" >"$STATE"
	say "could not be undone: $(echo "${left%"$NEWLINE"}" | tr '\n' ';') try again with -r"
	return 1
}

# undo_one KIND WHAT: one line of the state file.  A value stands before the file that it is for.
undo_one() {
	case $1 in
	child) ! alive "${2%% *}" "${2#* }" || kill -9 "${2%% *}" 2>/dev/null || : ;;
	set) [ ! -e "${2#* }" ] || write "${2%% *}" "${2#* }" ;;
	instance) [ ! -d "$2" ] || remove_instance "$2" ;;
	mounted) unmount "$2" ;;
	work) case $2 in */.zonecma-?*) rm -rf "$2" ;; esac ;;
	part) case $2 in */zonecma-?*.part) rm -f "$2" ;; esac ;;
	esac
}

# The kernel refuses while someone reads the instance's files: a reader that was just killed may still.
remove_instance() {
	write 0 "$1/tracing_on"
	for _ in 1 2 3 4 5; do
		rmdir "$1" 2>/dev/null && return
		sleep 1
	done
	return 1
}

# A reader that was just killed may keep a file open for a moment.
unmount() {
	for _ in 1 2 3 4 5; do
		umount "$1" 2>/dev/null && return
		is_mounted "$1" || return 0
		sleep 1
	done
	return 1
}

is_mounted() {
	while read -r _ where _; do [ "$where" != "$1" ] || return 0; done </proc/mounts
	return 1
}

# -- signals

# The first one ends a recording early, with its bundle; any other ends the collector without one.
interrupted() {
	INTERRUPTED=yes
	[ "$PHASE" = recording ] && [ -z "$STOPPED" ] && STOPPED=yes && return
	say "interrupted; all is as it was, and no bundle was written"
	exit 130
}

at_exit() {
	status=$?
	trap '' HUP INT QUIT TERM
	[ -z "$LOADER" ] || kill "$LOADER" 2>/dev/null
	[ -z "$STATE" ] || undo || status=1
	exit "$status"
}

# -- where things are

need_root() {
	[ -n "$R" ] || [ "$(id -u)" = 0 ] || refuse "only root may trace and read debugfs; run it as root (su, sudo)"
}

need_programs() {
	for program in cat cut date dd df gzip ls mkdir mv rm rmdir sed sleep tar tr uname; do
		command -v "$program" >/dev/null || refuse "there is no $program here; expected busybox, toybox or their like"
	done
}

# mounted TYPE FOLDER: mounts it there, to be unmounted at the end
mounted() {
	[ -d "$2" ] || return 1
	remember "mounted $2"
	mount -t "$1" "$1" "$2" 2>/dev/null
}

find_tracing() {
	for TRACING in "$R/sys/kernel/tracing" "$R/sys/kernel/debug/tracing"; do
		[ -f "$TRACING/trace" ] && return
	done
	TRACING=$R/sys/kernel/tracing
	mounted tracefs "$TRACING" && [ -f "$TRACING/trace" ] && return
	TRACING=$R/sys/kernel/debug/tracing
	find_debug && [ -f "$TRACING/trace" ] && return # before 4.1 it is debugfs that has it
	TRACING=''
	say "no tracing here: the bundle has counts alone"
}

find_debug() {
	DEBUG=$R/sys/kernel/debug
	is_mounted "$DEBUG" || [ -d "$DEBUG/cma" ] || mounted debugfs "$DEBUG" || DEBUG=''
	[ -n "$DEBUG" ]
}

# The folder for the bundle and its parts, which nobody but root may read.
make_work() {
	[ -n "$OUT" ] || for OUT in . /data/local/tmp /tmp; do [ -w "$OUT" ] && break; done
	OUT=$(cd "$OUT" 2>/dev/null && pwd) || refuse "-o: no such folder"
	free "$OUT"
	[ -z "$VALUE" ] || fit_limit "$VALUE"
	host=$(uname -n | tr -cd 'A-Za-z0-9-' | cut -c 1-32)
	NAME=zonecma-${host:-host}-$(date +%Y%m%d-%H%M%S)
	WORK=$OUT/.$NAME.$$ PART=$OUT/$NAME.tar.gz.part
	BUNDLE=$WORK/$NAME
	remember "part $PART"
	remember "work $WORK"
	mkdir "$WORK" "$BUNDLE" "$BUNDLE/before" "$BUNDLE/after" 2>/dev/null || refuse "$OUT: cannot be written to"
}

# fit_limit KIB: lowers the limit to what is free; parts and bundle are there at once
fit_limit() {
	room=$(($1 / 2048))
	[ "$room" -ge 4 ] || refuse "$OUT has only $(($1 / 1024)) MiB free; name another folder with -o"
	[ "$room" -ge "$LIMIT" ] && return
	LIMIT=$room
	say "$OUT has little room: the bundle may become $LIMIT MiB"
}

# -- settings of tracing

# change NAME VALUE: a setting; one of the machine's own tracing is noted before
change() {
	[ -f "$TRACE/$1" ] || return 1
	if [ -z "$INSTANCE" ]; then
		current "$TRACE/$1"
		[ "$VALUE" != "$2" ] || return 0
		remember "set $VALUE $TRACE/$1"
	fi
	write "$2" "$TRACE/$1"
}

# current FILE: the setting's value as it can be written back
current() {
	first "$1"
	case $VALUE in
	*'(expanded: '*) VALUE=${VALUE##*: } && VALUE=${VALUE%)} ;; # a buffer that its first user enlarges
	*'['*']'*) VALUE=${VALUE##*'['} && VALUE=${VALUE%%']'*} ;;  # one of several
	[01]'*') VALUE=${VALUE%'*'} ;;                              # an event with triggers
	esac
}

# An instance of our own leaves all that others trace as it is.  A kernel without them lends its only one.
set_up_tracing() {
	first "$TRACING/buffer_size_kb"
	common=$VALUE
	INSTANCE=$TRACING/instances/zonecma TRACE=$TRACING/instances/zonecma
	remember "instance $INSTANCE"
	if ! mkdir "$INSTANCE" 2>/dev/null || [ ! -f "$INSTANCE/trace" ]; then
		[ ! -d "$INSTANCE" ] || remove_instance "$INSTANCE" || refuse "$INSTANCE is in use by others"
		INSTANCE='' TRACE=$TRACING
	fi
	change tracing_on 0 || refuse "$TRACE/tracing_on cannot be written"
	change current_tracer nop
	set_buffer
	[ -z "$INSTANCE" ] || keep_expansion
	set_clock
	for option in $PLAIN; do change "options/${option%=*}" "${option#*=}"; done
	header=$(header)
	: >"$TRACE/trace" # empties it
	set_events
}

# As asked for, but an eighth of the memory that is free at most: recording must not become the pressure.
set_buffer() {
	meminfo MemAvailable
	[ -n "$VALUE" ] || meminfo MemFree
	if [ -n "$VALUE" ] && [ "$BUFFER" -gt $((VALUE / 8192 + 1)) ]; then
		BUFFER=$((VALUE / 8192 + 1))
		say "little memory is free: the ring buffer has $BUFFER MiB"
	fi
	[ "$BUFFER" -le "$LIMIT" ] || BUFFER=$LIMIT # its text must find room
	cpus=0
	for cpu in "$TRACE"/per_cpu/cpu*; do [ -d "$cpu" ] && cpus=$((cpus + 1)); done
	[ "$cpus" -gt 0 ] || cpus=1
	buffer=$((BUFFER * 1024 / cpus))
	[ -n "$INSTANCE" ] || remember_sizes
	until write "$buffer" "$TRACE/buffer_size_kb"; do
		buffer=$((buffer / 2))
		[ "$buffer" -gt 64 ] || refuse "the kernel has no memory for a ring buffer"
	done
}

# The machine's own buffer is small until its first use enlarges it.  Kernels before 6.7 forget that as soon as any
# buffer's size is set (ring_buffer_expanded): it then gets at the end the size that its first use would have given it.
keep_expansion() {
	first "$TRACING/buffer_size_kb"
	case $common in
	"$VALUE") ;;
	*'(expanded: '*)
		common=${common##*: }
		remember "set ${common%)} $TRACING/buffer_size_kb"
		;;
	esac
}

# Buffers of the CPUs may differ: the common file then reads X.
remember_sizes() {
	current "$TRACE/buffer_size_kb"
	[ "$VALUE" = X ] || { remember "set $VALUE $TRACE/buffer_size_kb" && return; }
	for cpu in "$TRACE"/per_cpu/cpu*; do
		current "$cpu/buffer_size_kb"
		remember "set $VALUE $cpu/buffer_size_kb"
	done
}

# One time for all CPUs; the kernel's usual clock may differ between them.
set_clock() {
	first "$TRACE/trace_clock" || return 0
	case " $(echo "$VALUE" | tr '[]' '  ') " in
	*' mono '*) change trace_clock mono ;;
	*' global '*) change trace_clock global ;;
	esac
	current "$TRACE/trace_clock"
	CLOCK=$VALUE
}

# The comment above the lines, which says how many CPUs there are.
header() {
	while IFS= read -r line; do
		case $line in '#'*) echo "$line" ;; *) break ;; esac
	done <"$TRACE/trace"
}

set_events() {
	present='' missing=''
	for event in $EVENTS; do
		if change "events/$event/enable" 1; then present=$present,$event; else missing=$missing,$event; fi
	done
	[ -n "$present" ] || say "this kernel has none of the events: the bundle has counts alone"
}

mark() { [ -z "$TRACE" ] || { echo "$1" >>"$TRACE/trace_marker"; } 2>/dev/null || :; }

# -- the trace, to the disk

# Reads the ring buffer in the background until tracing is off and it is empty.  What writes the trace must outlive
# a signal to the whole group of processes: the recording then ends in order.  dd reads; busybox's cat would splice,
# and lines are lost that way (tracing_splice_read_pipe, seen on 6.12).
start_drain() {
	[ -n "$TRACE" ] || return 0
	(
		trap '' HUP INT QUIT TERM
		{
			echo "$header"
			dd if="$TRACE/trace_pipe" bs=65536 2>/dev/null &
			echo $! >"$WORK/reader"
			wait
		} | {
			sh -c 'echo $PPID' >"$WORK/packer"
			exec gzip -1 -c >"$BUNDLE/trace.txt.gz" 2>/dev/null
		}
	) &
	DRAIN=$!
	until [ -s "$WORK/reader" ] && [ -s "$WORK/packer" ]; do
		kill -0 "$DRAIN" 2>/dev/null || [ -s "$WORK/packer" ] || full
	done
	read -r READER <"$WORK/reader"
	read -r packer <"$WORK/packer"
	OWN=$OWN,$DRAIN,$READER,$packer
	! started "$READER" || remember "child $READER $VALUE"
}

# trace_exceeds KIB
trace_exceeds() {
	size "$BUNDLE/trace.txt.gz"
	[ $((VALUE / 1024)) -gt "$1" ]
}

# Three quarters of the bundle are the trace's.  What the ring buffer holds when the recording ends is still to come,
# and takes less than half of its room: text is twice as long, and then compressed to a fifth or less.
trace_is_large() { trace_exceeds $((LIMIT * 768 - BUFFER * 512)); }

# Waits for the rest of the trace.  Kernels before 6.1 may leave a reader asleep that has read all.
end_drain() {
	[ -n "$TRACE" ] && [ -z "$drained" ] || return 0
	[ -n "$DRAIN" ] || start_drain
	idle=0
	while kill -0 "$DRAIN" 2>/dev/null; do
		sleep 1
		if is_empty; then idle=$((idle + 1)); else idle=0; fi
		[ $idle -lt 3 ] || cut_drain
		! trace_exceeds $((LIMIT * 768)) || { TRUNCATED=yes && cut_drain; }
	done
	reap_drain
	[ -z "$cut" ] || drop_last_line
}

# It ended: because the disk is full, or since there is no more to read.
reap_drain() {
	wait "$DRAIN" || full
	DRAIN='' drained=yes
}

cut_drain() {
	cut=yes
	kill -9 "$READER" 2>/dev/null
}

# The reader was killed, perhaps within a line.
drop_last_line() {
	gzip -dc "$BUNDLE/trace.txt.gz" | sed '$d' | gzip -1 -c >"$WORK/whole" || full
	mv "$WORK/whole" "$BUNDLE/trace.txt.gz"
}

# Whether no CPU's buffer holds an event.
is_empty() {
	for stats in "$TRACE"/per_cpu/cpu*/stats; do
		first "$stats" && [ "${VALUE#entries: }" = 0 ] || return 1
	done
}

# The events that some CPU's buffer had no room for, and what each CPU says of its buffer.
take_stats() {
	lost=0
	for stats in "$TRACE"/per_cpu/cpu*/stats; do
		[ -r "$stats" ] || continue
		cpu=${stats%/stats}
		keep "$stats" "stats.${cpu##*/}"
		while read -r line; do
			case $line in
			'overrun: '*[0-9] | 'commit overrun: '*[0-9] | 'dropped events: '*[0-9]) lost=$((lost + ${line##* })) ;;
			esac
		done <"$stats"
	done
}

# -- the kernel's own files

full() { give_up "$OUT is full; nothing is left there, and tracing is as it was"; }

# still_room: gives up if nothing more can be written
still_room() {
	dd if=/dev/zero of="$WORK/probe" bs=65536 count=1 2>/dev/null || full
	rm -f "$WORK/probe"
}

# keep FILE NAME: a copy in the bundle, if it can be read
keep() {
	[ -f "$1" ] && [ -r "$1" ] || return 0
	cat "$1" >"$BUNDLE/$2" 2>/dev/null && return
	still_room
	rm -f "$BUNDLE/$2"
}

# listed FILE NAME LIST: a line `NAME VALUE-OR-=VALUE` for a small file.  A shell reads byte by byte, and a sysctl
# gives the first byte alone to who does (proc_dointvec): cat asks for all.
listed() {
	[ -f "$1" ] && VALUE=$(cat "$1" 2>/dev/null) || return 0
	echo "$2$VALUE" >>"$BUNDLE/$3" || full
}

# figures MOMENT: before or after the recording
figures() {
	for file in zoneinfo buddyinfo pagetypeinfo vmstat meminfo iomem swaps; do
		keep "$R/proc/$file" "$1/$file"
	done
	[ -z "$DEBUG" ] || areas "$1"
}

# What debugfs tells of each area; its files alloc and free, which take memory, are not touched.
areas() {
	for area in "$DEBUG"/cma/*; do
		[ -d "$area" ] || continue
		mkdir -p "$BUNDLE/$1/cma/${area##*/}" || full
		for file in base_pfn count order_per_bit used maxchunk bitmap; do
			keep "$area/$file" "$1/cma/${area##*/}/$file"
		done
		frames "$1" "$area"
	done
	for file in kpageflags kpagecount; do
		[ ! -f "$WORK/$file" ] || { gzip -1 -c "$WORK/$file" >"$BUNDLE/$1/$file.gz" && rm "$WORK/$file"; } || full
	done
}

# frames MOMENT AREA: what each frame of an area holds, 8 bytes each, read in pieces as large as its limits allow
frames() {
	first "$2/base_pfn" && base=$VALUE && first "$2/count" && count=$VALUE || return 0
	case $base$count in *[!0-9]*) return 0 ;; esac
	[ "$count" -gt 0 ] && [ -r "$R/proc/kpageflags" ] || return 0
	echo "${2##*/} $base $count" >>"$BUNDLE/$1/kpage_ranges" || full
	piece=1
	while [ $piece -lt 4096 ] && [ $((base % (piece * 2) + count % (piece * 2))) = 0 ]; do piece=$((piece * 2)); done
	for file in kpageflags kpagecount; do
		dd if="$R/proc/$file" bs=$((piece * 8)) skip=$((base / piece)) count=$((count / piece)) \
			2>/dev/null >>"$WORK/$file" || still_room
	done
}

# Who allocated each frame.  A read gives one record, and fails where its buffer is too small: gzip's own reads are.
# As many as an eighth of the bundle holds, and for two minutes at most.
take_owners() {
	[ -n "$DEBUG" ] && [ -r "$DEBUG/page_owner" ] || return 0
	(
		trap '' HUP INT QUIT TERM
		{
			dd if="$DEBUG/page_owner" bs=4096 2>/dev/null &
			echo $! >"$WORK/owners"
			wait
		} | gzip -1 -c >"$BUNDLE/after/page_owner.gz" 2>/dev/null
	) &
	owners=$!
	until [ -s "$WORK/owners" ]; do kill -0 $owners 2>/dev/null || [ -s "$WORK/owners" ] || full; done
	read -r reader <"$WORK/owners"
	! started "$reader" || remember "child $reader $VALUE"
	now
	end=$((VALUE + 120))
	while kill -0 $owners 2>/dev/null; do
		sleep 1
		now
		[ "$VALUE" -lt $end ] && size "$BUNDLE/after/page_owner.gz" && [ "$VALUE" -lt $((LIMIT * 131072)) ] && continue
		owners_cut=yes
		kill -9 "$reader" 2>/dev/null
	done
	wait $owners || full
}

# What does not change while the machine runs.
take_machine() {
	uname -a >"$BUNDLE/uname"
	for file in cmdline version cpuinfo config.gz; do keep "$R/proc/$file" "$file"; done
	[ -n "$R" ] || dmesg >"$BUNDLE/dmesg" 2>/dev/null || rm -f "$BUNDLE/dmesg"
	for file in $SYSCTLS; do listed "$R/proc/sys/vm/$file" "vm/$file=" sysctl; done
	for file in "$R"/sys/kernel/mm/cma/*/*; do listed "$file" "${file#"$R"} " cmasysfs; done
	for file in transparent_hugepage/enabled transparent_hugepage/defrag lru_gen/enabled; do
		listed "$R/sys/kernel/mm/$file" "/sys/kernel/mm/$file " mmsysfs
	done
	take_device_tree
}

take_device_tree() {
	keep "$R/sys/firmware/fdt" device-tree.dtb
	[ ! -f "$BUNDLE/device-tree.dtb" ] && [ -d "$R/proc/device-tree" ] || return 0
	(cd "$R/proc/device-tree/" && tar cf "$BUNDLE/device-tree.tar" .) 2>/dev/null || still_room
}

# -- the bundle

take_notes() {
	page='' tracing=none
	[ -z "$TRACE" ] || tracing=global
	[ -z "$INSTANCE" ] || tracing=instance
	[ ! -r /proc/self/smaps ] || while read -r name figure _; do
		[ "$name" = KernelPageSize: ] && page=$((figure * 1024)) && break
	done </proc/self/smaps
	{
		echo "format=1"
		echo "seconds=$DURATION"
		echo "started=$begun"
		echo "ended=$ended"
		echo "recorded=$recorded"
		echo "tracing=$tracing"
		echo "events=${present#,}"
		echo "missing=${missing#,}"
		echo "buffer_kb=$((buffer * cpus))"
		echo "cpus=$cpus"
		echo "clock=${CLOCK:-}"
		echo "lost=$lost"
		echo "truncated=$TRUNCATED"
		echo "interrupted=$INTERRUPTED"
		echo "quiet=${QUIET:-no}"
		echo "page_owner_truncated=$owners_cut"
		echo "page_size=$page"
		echo "own=$OWN"
		echo "command=$words"
		echo "command_status=$command_status"
	} >"$BUNDLE/collector.txt" || full
}

# Written beside, then renamed: a bundle is whole or not there.
pack() {
	failed=$({ { (cd "$WORK" && tar cf - "$NAME") 2>/dev/null || echo tar >&3; } |
		gzip -1 -c 2>/dev/null >"$PART" || echo gzip >&3; } 3>&1)
	[ -z "$failed" ] || full
	mv "$PART" "$OUT/$NAME.tar.gz" || full
}

# -- the recording

# Lasts until its time is up, the command ends, a signal comes, or the trace has grown to its limit.
watch() {
	now
	start=$VALUE
	while [ -z "$STOPPED" ]; do
		sleep 1
		[ -z "$DRAIN" ] || kill -0 "$DRAIN" 2>/dev/null || reap_drain
		[ -z "$LOADER" ] || kill -0 "$LOADER" 2>/dev/null || break
		[ -z "$DRAIN" ] || ! trace_is_large || { TRUNCATED=yes && break; }
		now
		[ -n "$LOADER" ] && [ -z "$TIMED" ] || [ $((VALUE - start)) -lt "$DURATION" ] || break
	done
	now
	recorded=$((VALUE - start))
}

end_command() {
	[ -n "$LOADER" ] || return 0
	for signal in TERM 0 0 0 KILL; do
		kill -$signal "$LOADER" 2>/dev/null || break
		sleep 1
	done
	wait "$LOADER"
	command_status=$?
	LOADER=''
}

record() {
	[ -z "$TRACE" ] || write 1 "$TRACE/tracing_on"
	figures before
	mark GT_before_done
	begun=$(date -u +%Y-%m-%dT%H:%M:%SZ)
	PHASE=recording
	mark "GT_wl_start collector"
	if [ -n "$COMMAND" ]; then
		"$@" &
		LOADER=$!
	fi
	watch
	mark GT_wl_end
	PHASE=ending
	ended=$(date -u +%Y-%m-%dT%H:%M:%SZ)
	figures after
	mark GT_after_done
	[ -z "$TRACE" ] || write 0 "$TRACE/tracing_on"
	end_command
	end_drain
}

main() {
	options "$@"
	while [ -n "$COMMAND" ] && [ $# -gt "$COMMAND" ]; do shift; done
	exec 0</dev/null
	umask 077
	present='' missing='' buffer=0 cpus=0 CLOCK='' lost=0 owners_cut=no cut='' drained='' command_status='' words=''
	[ -z "$COMMAND" ] || words=$(echo "$*" | tr '\n\r' '  ')
	need_root
	need_programs
	find_state
	trap interrupted HUP INT QUIT TERM
	trap '' PIPE
	trap at_exit EXIT
	lock
	make_work
	find_tracing
	[ -n "$DEBUG" ] || find_debug || say "no debugfs here: the bundle lacks areas' bitmaps"
	[ -z "$TRACING" ] || set_up_tracing
	[ -n "$QUIET" ] || start_drain
	record "$@"
	[ -z "$TRACE" ] || take_stats
	take_owners
	take_machine
	take_notes
	pack
	undo || exit 1
	echo "$OUT/$NAME.tar.gz"
}

main "$@"
