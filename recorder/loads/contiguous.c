/* contiguous SEED FROM LEAST MOST COUNT HOLD GAP KEEP: COUNT contiguous buffers, one after the other, of LEAST,
   2*LEAST, ... up to MOST MiB, each size as likely as the others.  GAP ms pass before a call and HOLD ms after it; at
   most KEEP buffers are held.  FROM is a dma-heap (/dev/dma_heap/reserved: the oldest buffer is freed first) or the folder of an
   area in the debugfs of CMA (/sys/kernel/debug/cma/reserved: the newest first, for that interface is a stack).

   Kernel: cma_alloc() and with it isolation, migration, drains of every per-cpu list; free_contig_range().  It matters
   because it is what everything here is about.  A line a call: its size, its latency (of the heap with the clearing of
   the buffer, of both with the debugger's or emulator's slowness), its errno.  Both interfaces turn every failure into
   ENOMEM: the kernel's own reason is in the trace, cma_alloc_finish, between the marks of the call. */
#include "load.h"
#include <linux/dma-heap.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>

#define MOST_KEPT 64

static struct buffer { int file; size_t size; } kept[MOST_KEPT];
static size_t nkept;
static int heap = -1, debugfs = -1;

static int in_folder(const char *name, size_t size)
{
	int file = openat(debugfs, name, O_WRONLY | O_APPEND);
	int failed = file < 0 || dprintf(file, "%zu\n", size / PAGE) < 0 ? errno : 0;
	close(file);
	return failed;
}

static int allocate(struct buffer *buffer)
{
	if (heap < 0)
		return in_folder("alloc", buffer->size);
	struct dma_heap_allocation_data wish = {.len = buffer->size, .fd_flags = O_RDWR | O_CLOEXEC};
	if (ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &wish))
		return errno;
	buffer->file = wish.fd;
	return 0;
}

static void release_one(void)
{
	struct buffer gone = kept[heap < 0 ? nkept - 1 : 0];
	nkept--;
	if (heap < 0) {
		in_folder("free", gone.size);
	} else {
		close(gone.file);
		memmove(kept, kept + 1, nkept * sizeof *kept);
	}
}

static uint64_t microseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

static void open_area(const char *from)
{
	struct stat is;
	if (stat(from, &is))
		die(from);
	int *area = S_ISDIR(is.st_mode) ? &debugfs : &heap;
	*area = open(from, S_ISDIR(is.st_mode) ? O_PATH : O_RDWR);
	if (*area < 0)
		die(from);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "SEED FROM LEAST MOST COUNT HOLD GAP KEEP");
	open_area(argv[2]);
	uint64_t least = number(argv[3]), most = number(argv[4]), count = number(argv[5]);
	useconds_t hold = number(argv[6]) * 1000, gap = number(argv[7]) * 1000;
	size_t keep = number(argv[8]), good = 0, sizes = 0;
	while (least << sizes <= most)
		sizes++;
	if (!least || !sizes || !keep || keep > MOST_KEPT) {
		errno = EINVAL;
		die("LEAST and KEEP are at least 1, LEAST at most MOST, KEEP at most 64");
	}
	for (uint64_t call = 0; call < count; call++) {
		struct buffer buffer = {-1, least << below(sizes)};
		usleep(gap);
		while (nkept >= keep)
			release_one();
		ask(call, 0, buffer.size);
		mark("contiguous %" PRIu64 " of %zu MiB", call, buffer.size);
		buffer.size *= MIB;
		uint64_t before = microseconds();
		int failed = allocate(&buffer);
		uint64_t after = microseconds();
		mark("contiguous %" PRIu64 " errno %d", call, failed);
		printf("call=%" PRIu64 " mib=%zu us=%" PRIu64 " errno=%d\n", call, buffer.size / MIB, after - before, failed);
		fflush(stdout);
		if (!failed)
			kept[nkept++] = buffer, good++;
		usleep(hold);
	}
	while (nkept)
		release_one();
	return end("%zu ok, %zu failed", good, (size_t)count - good);
}
