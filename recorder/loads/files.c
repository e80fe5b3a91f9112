/* files SEED FOLDER FILES KIB ROUNDS: files of up to KIB written (one round in two), read (one in four), unlinked.

   Kernel: on a disk, write() fills the page cache with GFP_HIGHUSER_MOVABLE pages (GFP_NOFS|__GFP_WRITE within a
   transaction), read() brings readahead (NORETRY), unlink() frees whole runs; on tmpfs, shmem pages that only swap can
   take away.  It matters because file pages may live in a contiguous area, and while they are dirty, under writeback
   or in the journal, a contiguous call has to wait for them. */
#include "load.h"

static char block[64 << 10];

static void put(const char *path, size_t size)
{
	int file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);
	while (file >= 0 && size) {
		size_t part = size < sizeof block ? size : sizeof block;
		if (write(file, block, part) != (ssize_t)part)
			break; /* no room: as with a real load, the next unlink helps */
		size -= part;
	}
	close(file);
}

static size_t get(const char *path)
{
	size_t got = 0;
	ssize_t part;
	int file = open(path, O_RDONLY);
	while (file >= 0 && (part = read(file, block, sizeof block)) > 0)
		got += part;
	close(file);
	return got;
}

int main(int argc, char **argv)
{
	begin(argc, argv, "SEED FOLDER FILES KIB ROUNDS");
	uint64_t files = number(argv[3]), most = number(argv[4]);
	size_t asked_for = 0, got = 0;
	char path[4096];
	memset(block, 'x', sizeof block);
	for (uint64_t round = number(argv[5]); round; round--) {
		uint64_t file = below(files), what = below(4), size = (1 + below(most)) << 10;
		snprintf(path, sizeof path, "%s/file%" PRIu64, argv[2], file);
		ask(what, file, size);
		if (what < 2) {
			put(path, size);
			asked_for += size;
		} else if (what == 2) {
			got += get(path);
		} else {
			unlink(path);
		}
	}
	for (uint64_t file = 0; file < files; file++) {
		snprintf(path, sizeof path, "%s/file%" PRIu64, argv[2], file);
		unlink(path);
	}
	return end("%zu MiB written, %zu MiB read", asked_for / MIB, got / MIB);
}
