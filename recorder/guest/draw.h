/* The programs' source of chance: the same numbers for the same seed, on every machine. */
#include <stdint.h>
#include <stdlib.h>

static uint64_t state = 88172645463325252ULL;

static inline void seed(const char *text)
{
	state ^= strtoull(text, NULL, 0) * 0x9E3779B97F4A7C15ULL;
}

static inline uint64_t draw(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}
