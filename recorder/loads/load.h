/* What the loads share: a stream of random numbers of their own, an account of what was asked for, marks in the
   trace, errors in one line.  What a load asks for depends on its arguments alone, the first of which is SEED: never
   on time, on process numbers, or on what the kernel answered. */
#ifndef LOAD_H
#define LOAD_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096UL
#define MIB (1UL << 20)
#define FOLD 0x100000001b3 /* the prime of FNV-1a */

static uint64_t state;                     /* of the random numbers */
static uint64_t asks, asked = FOLD;        /* how many requests, and all of them folded into one number */

static inline __attribute__((noreturn)) void die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	exit(1);
}

/* splitmix64: its state is a counter, so that any seed will do. */
static inline uint64_t roll(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static inline uint64_t below(uint64_t n) { return roll() % n; }

/* Accounts for one request, whatever becomes of it. */
static inline void ask(uint64_t what, uint64_t where, uint64_t size)
{
	asks++;
	asked = ((((asked ^ what) * FOLD) ^ where) * FOLD ^ size) * FOLD;
}

/* Writes a line into the trace: of an instance if there is one, else of the kernel's own buffer, else nowhere. */
__attribute__((format(printf, 1, 2))) static inline void mark(const char *format, ...)
{
	static int trace = -2;
	if (trace == -2) {
		glob_t found = {0};
		glob("/sys/kernel/tracing/instances/*/trace_marker", 0, NULL, &found);
		glob("/sys/kernel/tracing/trace_marker", GLOB_APPEND, NULL, &found);
		trace = found.gl_pathc ? open(found.gl_pathv[0], O_WRONLY | O_CLOEXEC) : -1;
		globfree(&found);
	}
	va_list values;
	va_start(values, format);
	if (trace >= 0)
		vdprintf(trace, format, values);
	va_end(values);
}

static inline uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);
	if (*end || end == text) {
		fprintf(stderr, "%s: '%s' is no whole number\n", program_invocation_short_name, text);
		exit(2);
	}
	return value;
}

/* Every main begins here: `usage` names its arguments, SEED first.  Programs of one seed draw different numbers. */
static inline void begin(int argc, char **argv, const char *usage)
{
	int wanted = 1;
	for (const char *c = usage; *c; c++)
		wanted += *c == ' ';
	if (argc != wanted + 1) {
		fprintf(stderr, "usage: %s %s\n", program_invocation_short_name, usage);
		exit(2);
	}
	state = number(argv[1]);
	for (const char *c = program_invocation_short_name; *c; c++)
		state = (state ^ *c) * FOLD;
	mark("%s begins", program_invocation_short_name);
}

/* ... and ends here, with one line: what was asked for, what came of it. */
__attribute__((format(printf, 1, 2))) static inline int end(const char *format, ...)
{
	char outcome[200];
	va_list values;
	va_start(values, format);
	vsnprintf(outcome, sizeof outcome, format, values);
	va_end(values);
	printf("%s: %" PRIu64 " requests (%08" PRIx64 "), %s\n", program_invocation_short_name, asks,
	       asked >> 32 ^ (asked & 0xffffffff), outcome);
	mark("%s ends", program_invocation_short_name);
	return 0;
}

static inline void *anonymous(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		die("mmap");
	return at;
}

/* One word of every page: enough to have it allocated, and no two pages alike. */
static inline void touch(char *at, size_t size)
{
	for (size_t offset = 0; offset < size; offset += PAGE)
		*(volatile uint64_t *)(at + offset) = roll();
}

#endif
