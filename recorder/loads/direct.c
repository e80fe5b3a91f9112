/* direct SEED FILE MIB ROUNDS: a file of MIB written (one round in two) and read past the page cache, 4 KiB to 1 MiB at
   a time, from anonymous buffers that are new every 16 rounds.

   Kernel: iov_iter_extract_pages(): the buffer's pages are pinned without FOLL_LONGTERM, so they stay where they are,
   inside an area too, until the device has answered.  It matters because it is the short pin: a contiguous call that
   meets it has to come back, and one that meets it time and again fails. */
#include "load.h"

int main(int argc, char **argv)
{
	begin(argc, argv, "SEED FILE MIB ROUNDS");
	uint64_t pages = number(argv[3]) * (MIB / PAGE), rounds = number(argv[4]);
	int file = open(argv[2], O_CREAT | O_TRUNC | O_RDWR | O_DIRECT, 0644);
	if (file < 0 || ftruncate(file, pages * PAGE))
		die(argv[2]);
	size_t moved = 0, failed = 0;
	char *buffer = anonymous(MIB);
	for (uint64_t round = 0; round < rounds; round++) {
		uint64_t what = below(2), first = below(pages), size = (1 + below(MIB / PAGE)) * PAGE;
		if (round % 16 == 15) {
			munmap(buffer, MIB);
			buffer = anonymous(MIB);
		}
		if (size > (pages - first) * PAGE)
			size = (pages - first) * PAGE;
		ask(what, first, size);
		touch(buffer, size);
		ssize_t done = what ? pwrite(file, buffer, size, first * PAGE) : pread(file, buffer, size, first * PAGE);
		if (done < 0)
			failed++;
		else
			moved += done;
	}
	close(file);
	unlink(argv[2]);
	return end("%zu MiB moved, %zu of them failed", moved / MIB, failed);
}
