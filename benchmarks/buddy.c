/* The least that a buddy allocator does: lists of free chunks by order, split and merge.
 * No zones, types, per-cpu lists, watermarks or log: what the model's time is held against. */
#include <stdint.h>
#include <stdlib.h>

#define MAX_ORDER 10

struct buddy {
	int64_t frames;
	int32_t *next, *prev;	/* the lists' heads are behind the last frame */
	uint8_t *order, *is_free;
};

static void add(struct buddy *b, int32_t pfn, int order)
{
	int32_t head = b->frames + order, first = b->next[head];

	b->next[pfn] = first;
	b->prev[pfn] = head;
	b->prev[first] = pfn;
	b->next[head] = pfn;
	b->order[pfn] = order;
	b->is_free[pfn] = 1;
}

static void del(struct buddy *b, int32_t pfn)
{
	b->next[b->prev[pfn]] = b->next[pfn];
	b->prev[b->next[pfn]] = b->prev[pfn];
	b->is_free[pfn] = 0;
}

static int32_t alloc(struct buddy *b, int order)
{
	for (int high = order; high <= MAX_ORDER; high++) {
		int32_t head = b->frames + high, pfn = b->next[head];

		if (pfn == head)
			continue;
		del(b, pfn);
		while (high > order) {
			high--;
			add(b, pfn + (1 << high), high);
		}
		return pfn;
	}
	return -1;
}

static void release(struct buddy *b, int32_t pfn, int order)
{
	for (; order < MAX_ORDER; order++) {
		int32_t other = pfn ^ (1 << order);

		if (!b->is_free[other] || b->order[other] != order)
			break;
		del(b, other);
		pfn &= other;
	}
	add(b, pfn, order);
}

/* All of memory free; frames must be a multiple of the largest chunk. */
struct buddy *buddy_new(int64_t frames)
{
	struct buddy *b = calloc(1, sizeof(*b));

	b->frames = frames;
	b->next = calloc(frames + MAX_ORDER + 1, sizeof(*b->next));
	b->prev = calloc(frames + MAX_ORDER + 1, sizeof(*b->prev));
	b->order = calloc(frames, 1);
	b->is_free = calloc(frames, 1);
	for (int order = 0; order <= MAX_ORDER; order++)
		b->next[frames + order] = b->prev[frames + order] = frames + order;
	for (int64_t pfn = 0; pfn < frames; pfn += 1 << MAX_ORDER)
		add(b, pfn, MAX_ORDER);
	return b;
}

void buddy_delete(struct buddy *b)
{
	free(b->next);
	free(b->prev);
	free(b->order);
	free(b->is_free);
	free(b);
}

/* Fill held[in_flight], free it in the same order, and so on. */
void buddy_pairs(struct buddy *b, int32_t *held, int64_t in_flight, int order, int64_t pairs)
{
	for (int64_t round = 0; round < pairs / in_flight; round++) {
		for (int64_t i = 0; i < in_flight; i++)
			held[i] = alloc(b, order);
		for (int64_t i = 0; i < in_flight; i++)
			release(b, held[i], order);
	}
}

/* Steps of a load: allocate[i] ? an object of that order begins : it ends.  place[objects] is all -1. */
void buddy_replay(struct buddy *b, const uint8_t *allocate, const uint8_t *order, const int32_t *object,
		  int64_t steps, int32_t *place)
{
	for (int64_t i = 0; i < steps; i++) {
		if (allocate[i]) {
			place[object[i]] = alloc(b, order[i]);
		} else if (place[object[i]] >= 0) {
			release(b, place[object[i]], order[i]);
			place[object[i]] = -1;
		}
	}
}
