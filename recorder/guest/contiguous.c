/* contiguous SEED HEAP LEAST MOST COUNT HOLD GAP KEEP: contiguous requests through a dma-heap, one after another.
 *
 * Each is of LEAST, twice LEAST, ... up to MOST (MiB), drawn at random.  At most KEEP buffers are held: the oldest is
 * freed first.  After each request it sleeps HOLD ms, and GAP ms before the next.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "draw.h"

enum { MOST = 64 };

static int held[MOST], holding;

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static void free_oldest(void)
{
	close(held[0]);
	memmove(held, held + 1, --holding * sizeof *held);
}

static void request(int heap, int number, long mib)
{
	struct dma_heap_allocation_data data = { .len = (uint64_t)mib << 20, .fd_flags = O_RDWR | O_CLOEXEC };
	double start = now();
	int failed = ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data) < 0 ? errno : 0;
	printf("CMA %d size_mb=%ld %s lat_us=%.0f\n", number, mib, failed ? strerror(failed) : "ok", now() - start);
	fflush(stdout);
	if (!failed)
		held[holding++] = data.fd;
	else if (holding)
		free_oldest();
}

int main(int count, char **words)
{
	if (count != 9) {
		fprintf(stderr, "usage: contiguous SEED HEAP LEAST MOST COUNT HOLD GAP KEEP\n");
		return 1;
	}
	seed(words[1]);
	long least = atol(words[3]), most = atol(words[4]);
	int requests = atoi(words[5]), hold = atoi(words[6]), gap = atoi(words[7]), keep = atoi(words[8]);
	int heap = open(words[2], O_RDWR), kinds = 0;
	while (least << kinds <= most)
		kinds++;
	if (heap < 0 || !kinds || keep < 1 || keep > MOST) {
		perror(words[2]);
		return 1;
	}
	for (int i = 0; i < requests; i++) {
		while (holding >= keep)
			free_oldest();
		request(heap, i, least << draw(kinds));
		usleep(hold * 1000);
		usleep(gap * 1000);
	}
	return 0;
}
