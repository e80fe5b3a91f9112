/* pin SEED MIB ROUNDS HOLD BY: MIB of anonymous memory, in pieces of 4 KiB to 1 MiB, pinned for long: BY io_uring, as
   its fixed buffers, where the kernel has it, else by vmsplice in pipes.  Every HOLD ms one piece gives way to a new one.

   Kernel: pin_user_pages(FOLL_LONGTERM), which since 6.x first moves pages out of an area, with targets without
   __GFP_MOVABLE; vmsplice() takes plain references and moves nothing.  It matters because a page pinned inside an area
   makes contiguous calls fail for as long as the pin lasts, and pages moved out for a pin are lost to all but their
   owner.  V4L2, RDMA and VFIO pin the same way. */
#include "load.h"
#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static struct piece { char *at; size_t size; int files[2]; } *pieces;
static int without_ring;

static int pin_in_ring(struct piece *piece)
{
	struct io_uring_params parameters = {0};
	struct iovec whole = {piece->at, piece->size};
	piece->files[1] = -1;
	piece->files[0] = syscall(SYS_io_uring_setup, 1, &parameters);
	return piece->files[0] < 0
	       || syscall(SYS_io_uring_register, piece->files[0], IORING_REGISTER_BUFFERS, &whole, 1);
}

static int pin_in_pipe(struct piece *piece)
{
	struct iovec whole = {piece->at, piece->size};
	return pipe(piece->files) || fcntl(piece->files[1], F_SETPIPE_SZ, piece->size) < 0
	       || vmsplice(piece->files[1], &whole, 1, SPLICE_F_NONBLOCK) != (ssize_t)piece->size;
}

static void unpin(struct piece *piece)
{
	if (!piece->at)
		return;
	close(piece->files[0]);
	if (piece->files[1] >= 0)
		close(piece->files[1]);
	munmap(piece->at, piece->size);
}

static int pin(struct piece *piece, size_t size)
{
	unpin(piece);
	piece->at = anonymous(piece->size = size);
	touch(piece->at, size);
	return without_ring ? pin_in_pipe(piece) : pin_in_ring(piece);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "SEED MIB ROUNDS HOLD BY");
	size_t count = 2 * number(argv[2]), failed = 0; /* their mean is a little more than half a MiB */
	uint64_t rounds = count + number(argv[3]);
	useconds_t hold = number(argv[4]) * 1000;
	struct io_uring_params parameters = {0};
	int ring = strcmp(argv[5], "io_uring") ? -1 : syscall(SYS_io_uring_setup, 1, &parameters);
	without_ring = ring < 0;
	close(ring);
	pieces = calloc(count, sizeof *pieces);
	for (uint64_t round = 0; round < rounds; round++) {
		size_t which = round < count ? round : below(count), size = (1 + below(MIB / PAGE)) * PAGE;
		ask(0, which, size);
		failed += pin(&pieces[which], size);
		if (round >= count)
			usleep(hold);
	}
	for (size_t which = 0; which < count; which++)
		unpin(&pieces[which]);
	return end("by %s, %zu of them failed", without_ring ? "vmsplice" : "io_uring", failed);
}
