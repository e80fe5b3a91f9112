/* stream SEED FILE MIB PASSES: one process writes a file from end to end through the page cache, in parts of 4 KiB to
   256 KiB, PASSES times; another has it mapped and faults in, MiB by MiB in an order of its own, what is written.

   Kernel: generic_perform_write() (GFP_HIGHUSER_MOVABLE with __GFP_WRITE), writeback, filemap_fault() and
   filemap_map_pages().  It matters because it is the objection in the thread of ZONE_CMA's third version: SyS_write and
   filemap_fault use the zone too, with pages that are dirty, under writeback or mapped when a contiguous call comes. */
#include "load.h"
#include <sys/wait.h>

static char part[64 * PAGE];

static void writer(int file, size_t size, volatile size_t *written)
{
	for (size_t at = 0; at < size;) {
		size_t length = (1 + below(sizeof part / PAGE)) * PAGE;
		if (length > size - at)
			length = size - at;
		for (size_t page = 0; page < length; page += PAGE)
			*(uint64_t *)(part + page) = at + page;
		ask(0, at, length);
		if (pwrite(file, part, length, at) != (ssize_t)length)
			die("write");
		at += length;
		if (at > *written)
			*written = at;
	}
}

/* Faults in the pages of one MiB and counts those that hold something else than was written. */
static size_t look(const char *map, size_t at)
{
	size_t wrong = 0;
	for (size_t page = at; page < at + MIB; page += PAGE)
		wrong += *(volatile uint64_t *)(map + page) != page;
	return wrong;
}

static int reader(int file, size_t size, uint64_t passes, volatile size_t *written)
{
	size_t wrong = 0;
	state += 1;
	while (passes--) {
		char *map = mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0);
		if (map == MAP_FAILED)
			die("mmap");
		for (size_t mib = 0; mib < size / MIB; mib++) {
			while (*written < (mib + 1) * MIB)
				usleep(1000);
			wrong += look(map, below(mib + 1) * MIB);
		}
		munmap(map, size);
	}
	return wrong != 0;
}

int main(int argc, char **argv)
{
	begin(argc, argv, "SEED FILE MIB PASSES");
	size_t size = number(argv[3]) * MIB;
	uint64_t passes = number(argv[4]);
	volatile size_t *written = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int file = open(argv[2], O_CREAT | O_TRUNC | O_RDWR, 0644), status = 1;
	if (file < 0 || ftruncate(file, size))
		die(argv[2]);
	pid_t child = fork();
	if (child < 0)
		die("fork");
	if (!child)
		exit(reader(file, size, passes, written));
	for (uint64_t pass = 0; pass < passes; pass++)
		writer(file, size, written);
	waitpid(child, &status, 0);
	unlink(argv[2]);
	return end("%zu MiB written %" PRIu64 " times, %s", size / MIB, passes,
		   status ? "the reader saw something else" : "read as written");
}
