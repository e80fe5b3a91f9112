/* contiguous HEAP SEED COUNT HOLD GAP KEEP SIZES: contiguous requests through a dma-heap, one after another.
 *
 * Each is of one of SIZES (MiB, commas between them), drawn at random.  At most KEEP buffers are held: the oldest is
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

static int read_sizes(char *text, long *sizes)
{
	int count = 0;
	for (char *word = strtok(text, ","); word && count < MOST; word = strtok(NULL, ","))
		sizes[count++] = atol(word);
	return count;
}

int main(int count, char **words)
{
	if (count != 8) {
		fprintf(stderr, "usage: contiguous HEAP SEED COUNT HOLD GAP KEEP SIZES\n");
		return 1;
	}
	char path[128];
	long sizes[MOST];
	snprintf(path, sizeof path, "/dev/dma_heap/%s", words[1]);
	seed(words[2]);
	int requests = atoi(words[3]), hold = atoi(words[4]), gap = atoi(words[5]), keep = atoi(words[6]);
	int kinds = read_sizes(words[7], sizes), heap = open(path, O_RDWR);
	if (heap < 0 || !kinds || keep < 1 || keep > MOST) {
		perror(path);
		return 1;
	}
	for (int i = 0; i < requests; i++) {
		while (holding >= keep)
			free_oldest();
		request(heap, i, sizes[draw(kinds)]);
		usleep(hold * 1000);
		usleep(gap * 1000);
	}
	return 0;
}
