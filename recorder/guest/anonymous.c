/* anonymous SEED MIB ROUNDS: map, touch and unmap memory, in pieces of 4 KiB to 1 MiB, up to MIB at once. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>

#include "draw.h"

enum { PIECES = 4096, PAGE = 4096, LARGEST = 9 };

static struct {
	char *memory;
	size_t size;
} pieces[PIECES];
static size_t used;

static void drop(int i)
{
	if (!pieces[i].memory)
		return;
	munmap(pieces[i].memory, pieces[i].size);
	used -= pieces[i].size;
	pieces[i].memory = NULL;
}

static void take(int i, size_t size)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return;
	for (size_t at = 0; at < size; at += PAGE)
		memory[at] = 1;
	pieces[i].memory = memory;
	pieces[i].size = size;
	used += size;
}

int main(int count, char **words)
{
	if (count != 4) {
		fprintf(stderr, "usage: anonymous SEED MIB ROUNDS\n");
		return 1;
	}
	seed(words[1]);
	size_t most = strtoull(words[2], NULL, 0) << 20;
	for (int rounds = atoi(words[3]); rounds > 0; rounds--) {
		int i = draw(PIECES);
		size_t size = (draw(1u << draw(LARGEST)) + 1) * PAGE;
		drop(i);
		while (used && used + size > most)
			drop(draw(PIECES));
		take(i, size);
	}
	return 0;
}
