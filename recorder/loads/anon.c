/* anon SEED MIB ROUNDS: anonymous memory that comes and goes, chunks of 4 KiB to 1 MiB, at most MIB at once.

   Kernel: do_anonymous_page() and zap_pte_range(): order 0, GFP_HIGHUSER_MOVABLE|__GFP_ZERO, through the per-cpu
   lists; freed in batches.  It matters because this is the memory that may live in a contiguous area under every
   placement, and that a contiguous call has to move: it always can, unless somebody holds another reference. */
#include "load.h"

#define CHUNKS 4096

static struct chunk { char *at; size_t size; } chunks[CHUNKS];
static size_t held;

static void drop(struct chunk *chunk)
{
	if (!chunk->at)
		return;
	munmap(chunk->at, chunk->size);
	held -= chunk->size;
	chunk->at = NULL;
}

/* Small chunks are as likely as large ones: 1, up to 2, up to 4, ... up to 256 pages. */
static size_t any_size(void)
{
	return (1 + below(1UL << below(9))) * PAGE;
}

int main(int argc, char **argv)
{
	begin(argc, argv, "SEED MIB ROUNDS");
	size_t most = number(argv[2]) * MIB, touched = 0;
	for (uint64_t round = number(argv[3]); round; round--) {
		size_t size = any_size();
		struct chunk *chunk = &chunks[below(CHUNKS)];
		drop(chunk);
		while (held && held + size > most)
			drop(&chunks[below(CHUNKS)]);
		ask(chunk - chunks, held, size);
		chunk->at = anonymous(chunk->size = size);
		touch(chunk->at, size);
		held += size;
		touched += size;
	}
	return end("%zu MiB touched", touched / MIB);
}
