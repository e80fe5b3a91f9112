/* hold SEED MIB: anonymous memory held until somebody kills the holder, whose process number is printed once all of it
   is there.

   Kernel: the same faults as anon; afterwards pages that age on the LRU's lists and, without swap, cannot be reclaimed.
   It matters because it leaves page cache as the only memory to reclaim, and a contiguous call without easy targets. */
#include "load.h"
#include <signal.h>

int main(int argc, char **argv)
{
	begin(argc, argv, "SEED MIB");
	size_t size = number(argv[2]) * MIB;
	int ready[2];
	if (pipe(ready))
		die("pipe");
	pid_t holder = fork();
	if (holder < 0)
		die("fork");
	if (!holder) {
		touch(anonymous(size), size);
		dup2(ready[1], STDOUT_FILENO); /* whoever reads our output need not wait for our end */
		dup2(ready[1], STDERR_FILENO);
		if (write(ready[1], "", 1) != 1)
			die("write");
		close(ready[0]);
		pause();
	}
	close(ready[1]);
	char byte;
	if (read(ready[0], &byte, 1) != 1) {
		fprintf(stderr, "hold: killed before %zu MiB were there\n", size / MIB);
		return 1;
	}
	printf("%d\n", holder);
	mark("hold has %zu MiB", size / MIB);
	return 0;
}
