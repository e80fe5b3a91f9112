/* ringbuffer FROM TO: copy a CPU's trace_pipe_raw, page by page, until it is empty. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { PAGE = 4096 };

int main(int count, char **words)
{
	static char page[PAGE];
	int from = count == 3 ? open(words[1], O_RDONLY | O_NONBLOCK) : -1;
	int to = count == 3 ? open(words[2], O_WRONLY | O_CREAT | O_TRUNC, 0644) : -1;
	if (from < 0 || to < 0) {
		perror("usage: ringbuffer FROM TO");
		return 1;
	}
	for (ssize_t got; (got = read(from, page, PAGE)) > 0;)
		if (write(to, page, got) != got) {
			perror(words[2]);
			return 1;
		}
	return 0;
}
