/* files SEED FOLDER COUNT KIB ROUNDS: write, read and remove files of up to KIB, COUNT names in all. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "draw.h"

enum { PIECE = 1 << 16, KIB = 1 << 10 };

static char piece[PIECE];

static void write_file(const char *name, long size)
{
	int file = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0644);
	for (long written = 1; file >= 0 && size > 0 && written > 0; size -= written)
		written = write(file, piece, size < PIECE ? size : PIECE);
	close(file);
}

static void read_file(const char *name)
{
	int file = open(name, O_RDONLY);
	while (file >= 0 && read(file, piece, PIECE) > 0)
		;
	close(file);
}

int main(int count, char **words)
{
	if (count != 6) {
		fprintf(stderr, "usage: files SEED FOLDER COUNT KIB ROUNDS\n");
		return 1;
	}
	seed(words[1]);
	memset(piece, 'x', PIECE);
	int names = atoi(words[3]), most = atoi(words[4]);
	for (int rounds = atoi(words[5]); rounds > 0; rounds--) {
		char name[256];
		snprintf(name, sizeof name, "%s/f%d", words[2], (int)draw(names));
		switch (draw(4)) {
		case 0:
		case 1:
			write_file(name, (draw(most) + 1) * KIB);
			break;
		case 2:
			read_file(name);
			break;
		default:
			unlink(name);
		}
	}
	return 0;
}
