/* thp SEED MIB ROUNDS: anonymous memory that asks for huge pages.  Each round takes 2 MiB of it and touches all of them
   (two rounds in four), gives all back, or gives part back, which leaves a huge page to be split.

   Kernel: do_huge_pmd_anonymous_page(): order 9, GFP_TRANSHUGE, movable; direct compaction when there is none, order 0
   when that fails; deferred_split_folio().  It matters because a huge page in an area needs a free huge page
   elsewhere before it can be moved (4.7's scanner does not even try), and compaction competes for the same blocks. */
#include "load.h"

#define HUGE (2 * MIB)

/* KiB of this process in huge pages, from the kernel's own account. */
static size_t huge_kib(void)
{
	char line[200];
	size_t kib = 0;
	FILE *rollup = fopen("/proc/self/smaps_rollup", "r");
	while (rollup && fgets(line, sizeof line, rollup))
		sscanf(line, "AnonHugePages: %zu", &kib);
	if (rollup)
		fclose(rollup);
	return kib;
}

int main(int argc, char **argv)
{
	begin(argc, argv, "SEED MIB ROUNDS");
	uint64_t pieces = number(argv[2]) * MIB / HUGE, rounds = number(argv[3]);
	if (!pieces)
		errno = EINVAL, die("MIB is at least 2");
	char *map = anonymous((pieces + 1) * HUGE);
	char *memory = map + HUGE - (uintptr_t)map % HUGE;
	if (madvise(memory, pieces * HUGE, MADV_HUGEPAGE))
		die("madvise");
	size_t most = 0, given_back = 0;
	for (uint64_t round = 0; round < rounds; round++) {
		uint64_t what = below(4), piece = below(pieces), first = below(HUGE / PAGE), pages = 1 + below(64);
		char *at = memory + piece * HUGE;
		if (pages > HUGE / PAGE - first)
			pages = HUGE / PAGE - first;
		ask(what, piece, first << 32 | pages);
		if (what < 2)
			touch(at, HUGE);
		else if (what == 2)
			madvise(at, HUGE, MADV_DONTNEED);
		else
			madvise(at + first * PAGE, pages * PAGE, MADV_DONTNEED);
		given_back += what == 2;
		size_t now = round % 64 == 63 ? huge_kib() : 0;
		most = now > most ? now : most;
	}
	munmap(map, (pieces + 1) * HUGE);
	return end("%zu given back whole, at most %zu of %" PRIu64 " huge", given_back, most * 1024 / HUGE, pieces);
}
