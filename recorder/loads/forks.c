/* forks SEED FOLDER MIB ROUNDS: processes as short-lived as those of a compilation.  Each round writes a source, and
   has three programs started on it (gzip, sort, md5sum) by a parent of MIB, part of which every child writes to first.

   Kernel: copy_process() (kernel stacks by vmalloc's bulk interface, task and mm slabs, page tables), wp_page_copy(),
   execve() (argument pages, ELF mappings), exit_mmap().  It matters because it mixes unmovable memory of short life
   (stacks, tables: never in an area) with movable memory (copied pages) at a rate that turns the per-cpu lists over. */
#include "load.h"
#include <sys/wait.h>

static char source[4096], result[4096];

static void write_source(size_t lines)
{
	FILE *file = fopen(source, "w");
	if (!file)
		die(source);
	while (lines--)
		fprintf(file, "%016" PRIx64 " int main_%u(void) { return %u; }\n", roll(), (unsigned)below(10000),
			(unsigned)below(100));
	fclose(file);
}

static int run(const char *program, char *memory, size_t from, size_t size)
{
	pid_t child = fork();
	if (child < 0)
		die("fork");
	if (!child) {
		touch(memory + from, size);
		if (!freopen(source, "r", stdin) || !freopen(result, "w", stdout))
			die(source);
		execlp(program, program, NULL);
		die(program);
	}
	int status;
	waitpid(child, &status, 0);
	return status;
}

int main(int argc, char **argv)
{
	static const char *programs[] = {"gzip", "sort", "md5sum"};
	begin(argc, argv, "SEED FOLDER MIB ROUNDS");
	size_t pages = number(argv[3]) * (MIB / PAGE), failed = 0;
	char *memory = anonymous(pages * PAGE);
	snprintf(source, sizeof source, "%s/source", argv[2]);
	snprintf(result, sizeof result, "%s/result", argv[2]);
	touch(memory, pages * PAGE);
	for (uint64_t round = number(argv[4]); round; round--) {
		size_t lines = 500 + below(2500);
		write_source(lines);
		for (int i = 0; i < 3; i++) {
			size_t from = below(pages), size = 1 + below((pages - from + 3) / 4);
			ask(i, from, size << 32 | lines);
			failed += run(programs[i], memory, from * PAGE, size * PAGE) != 0;
		}
	}
	unlink(source);
	unlink(result);
	return end("%zu of them failed", failed);
}
