/* swap SEED MIB ROUNDS: MIB of anonymous memory, more than there is room for, each page with a quarter that compresses
   badly.  Each round looks at up to 256 pages, half of the rounds write them too; what was written must still be there.

   Kernel: shrink_folio_list() with add_to_swap() and pageout(); do_swap_page() with swapin_readahead() (GFP_HIGHUSER_
   MOVABLE); zsmalloc's pages with zram (movable, by a callback of their own), pages under writeback without.  It
   matters because swapping while a contiguous area stands empty is the complaint that ZONE_CMA answers (make -j16, 512
   of 1024 MiB: 69839 pages out before, 92 after), and because pages in the swap cache carry an extra reference. */
#include "load.h"

#define WORDS (PAGE / sizeof(uint64_t))

static void stamp(uint64_t *page, uint64_t what)
{
	page[0] = what;
	for (size_t word = 1; word < WORDS / 4; word++)
		page[word] = roll();
	page[WORDS / 4] = what;
}

int main(int argc, char **argv)
{
	begin(argc, argv, "SEED MIB ROUNDS");
	size_t pages = number(argv[2]) * (MIB / PAGE), lost = 0, looked = 0;
	uint64_t *memory = anonymous(pages * PAGE);
	for (size_t page = 0; page < pages; page++)
		stamp(memory + page * WORDS, page);
	for (uint64_t round = number(argv[3]); round; round--) {
		uint64_t what = below(2), first = below(pages), count = 1 + below(256);
		if (count > pages - first)
			count = pages - first;
		ask(what, first, count);
		for (size_t page = first; page < first + count; page++) {
			uint64_t *words = memory + page * WORDS;
			lost += words[0] != page || words[WORDS / 4] != page;
			if (what)
				stamp(words, page);
		}
		looked += count;
	}
	munmap(memory, pages * PAGE);
	return end("%zu pages looked at, %zu of them lost", looked, lost);
}
