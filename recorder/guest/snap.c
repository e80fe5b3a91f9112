/* snap MOMENT: stop here until the host has taken a snapshot.
 *
 * Marks the trace, names the moment on the second serial port and waits for an answer there, by port
 * input and output: the kernel's own tty would allocate.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <unistd.h>

enum { DATA = 0x2f8, STATUS = 0x2fd, HAS_INPUT = 1, TAKES_OUTPUT = 0x20 };

static void send(int byte)
{
	while (!(inb(STATUS) & TAKES_OUTPUT))
		;
	outb(byte, DATA);
}

static void mark(const char *moment)
{
	static const char *const markers[] = { "/sys/kernel/tracing/instances/cap/trace_marker",
					       "/sys/kernel/tracing/trace_marker" };
	char text[64];
	int length = snprintf(text, sizeof text, "GTSNAP %s", moment);
	for (int i = 0; i < 2; i++) {
		int file = open(markers[i], O_WRONLY);
		if (file < 0)
			continue;
		if (write(file, text, length) < 0)
			perror("trace_marker");
		close(file);
		return;
	}
}

int main(int count, char **words)
{
	if (count != 2 || iopl(3)) {
		perror("usage: snap MOMENT");
		return 1;
	}
	while (inb(STATUS) & HAS_INPUT)
		inb(DATA);
	mark(words[1]);
	for (const char *byte = words[1]; *byte; byte++)
		send(*byte);
	send('\n');
	while (!(inb(STATUS) & HAS_INPUT))
		__builtin_ia32_pause();
	inb(DATA);
	return 0;
}
