# shellcheck shell=sh
# A real compiler on real sources with -j JOBS: each round compiles every file of SOURCES in an order of its own, links
# them and runs the program.  Kernel: fork and execve of a dynamic program, headers and shared libraries in the page
# cache, a compiler's heap, many small files written.  It matters because make -j16 on 1 GiB with a contiguous area of
# half of it is the one load that ZONE_CMA was ever measured with.
. "${LOADS:-/loads}/contiguous.sh"

SOURCES=${SOURCES:-/src/lua}
JOBS=${JOBS:-16}
CC=${CC:-tcc}
objects=$DATA/objects
mkdir -p "$objects"

# The names of all sources, shuffled: by a number that follows from the name's place, the round and the seed.
shuffled() {
	for source in "$SOURCES"/*.c; do basename "$source" .c; done |
		awk -v seed=$((SEED * 31 + $1)) '{print (NR * 7919 + seed * 104729) * (NR + seed) % 65537, $0}' |
		sort -n | cut -d' ' -f2-
}
compile() {
	round=0 failed=0
	while [ $round -lt $((2 * SIZE)) ]; do
		shuffled $round |
			xargs -P "$JOBS" -I{} "$CC" -DLUA_USE_POSIX -c "$SOURCES/{}.c" -o "$objects/{}.o" &&
			"$CC" -o "$objects/program" "$objects"/*.o -lm &&
			"$objects/program" -v >/dev/null || failed=$((failed + 1))
		rm -f "$objects"/*
		round=$((round + 1))
	done
	order=$(shuffled 0 | md5sum | cut -d' ' -f1)
	echo "build: $round rounds of $(shuffled 0 | wc -l) files ($order) with -j$JOBS, $failed of them failed"
}
run compile &
contiguous
wait
rmdir "$objects"
finish build
