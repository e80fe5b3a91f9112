/* mmap SEED FILE MIB ROUNDS: a file mapped twice, shared and private, and dropped from the page cache first. Each round
   reads, writes or forgets up to 256 pages of one mapping; one in 16 writes the shared one back.

   Kernel: filemap_fault() with its readahead, filemap_map_pages(), page_mkwrite and writeback of the shared mapping,
   do_cow_fault() of the private one, zap_page_range().  It matters because a mapped file page costs a contiguous call
   an rmap walk, a migration entry and a TLB flush where an unmapped clean one is dropped, or moved, unseen. */
#include "load.h"

static void fill(int file, size_t size)
{
	static char block[MIB];
	memset(block, 'm', sizeof block);
	for (size_t at = 0; at < size; at += MIB)
		if (write(file, block, MIB) != (ssize_t)MIB)
			die("write");
	fsync(file);
	posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
}

static char *map_of(int file, size_t size, int how)
{
	char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, how, file, 0);
	if (map == MAP_FAILED)
		die("mmap");
	return map;
}

static char sum(const char *at, size_t size)
{
	char all = 0;
	for (size_t page = 0; page < size; page += PAGE)
		all += *(volatile const char *)(at + page);
	return all;
}

int main(int argc, char **argv)
{
	begin(argc, argv, "SEED FILE MIB ROUNDS");
	size_t size = number(argv[3]) * MIB, touched = 0;
	int file = open(argv[2], O_CREAT | O_TRUNC | O_RDWR, 0644);
	if (file < 0)
		die(argv[2]);
	fill(file, size);
	char *maps[] = {map_of(file, size, MAP_SHARED), map_of(file, size, MAP_PRIVATE)};
	for (uint64_t round = number(argv[4]); round; round--) {
		uint64_t which = below(2), what = below(16), first = below(size / PAGE), pages = 1 + below(256);
		if (pages > size / PAGE - first)
			pages = size / PAGE - first;
		char *at = maps[which] + first * PAGE;
		ask(which << 8 | what, first, pages);
		if (what < 8)
			sum(at, pages * PAGE);
		else if (what < 12)
			touch(at, pages * PAGE);
		else if (what < 15)
			madvise(at, pages * PAGE, MADV_DONTNEED);
		else
			msync(maps[0], size, MS_ASYNC), posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
		touched += what < 12 ? pages : 0;
	}
	munmap(maps[0], size);
	munmap(maps[1], size);
	unlink(argv[2]);
	return end("%zu MiB touched", touched * PAGE / MIB);
}
