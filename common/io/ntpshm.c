/* SPDX-License-Identifier: MIT */
#include "common/io/ntpshm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

/* Another process writes while we read: each access is a single load or store of its own. */
#define LOAD(field)	    __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define STORE(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELAXED)
#define FENCE()		    __atomic_thread_fence(__ATOMIC_SEQ_CST)

static key_t key_of(int unit)
{
	return (key_t)(NTPSHM_KEY + unit);
}

static int explain(int unit, int err, char error[NTPSHM_ERROR_SIZE])
{
	const char *why = strerror(err);

	if (err == EACCES)
		why = "it belongs to another user (see ipcs -m)";
	else if (err == EINVAL)
		why = "a segment of another size stands there (see ipcs -m)";
	(void)snprintf(error, NTPSHM_ERROR_SIZE, "SHM unit %d (key 0x%x): %s", unit,
		(unsigned int)key_of(unit), why);
	return -err;
}

int ntpshm_attach(
	int unit, int perm, bool writer, struct ntpshm *ret, char error[NTPSHM_ERROR_SIZE])
{
	struct ntpshm shm = {.unit = unit};
	void *at;

	if (unit < 0 || unit > NTPSHM_UNIT_MAX) {
		(void)snprintf(error, NTPSHM_ERROR_SIZE, "SHM unit %d (allowed: 0..%d)", unit,
			NTPSHM_UNIT_MAX);
		return -EINVAL;
	}
	if (perm == NTPSHM_PERM_AUTO)
		perm = unit < 2 ? 0600 : 0666;
	shm.id = shmget(key_of(unit), sizeof(struct ntpshm_segment), IPC_CREAT | perm);
	if (shm.id < 0 && errno == EACCES && !writer) {
		/* shmget() checks the rights it is asked for: none here. */
		shm.id = shmget(key_of(unit), sizeof(struct ntpshm_segment), 0);
	}
	if (shm.id < 0)
		return explain(unit, errno, error);
	at = shmat(shm.id, NULL, 0);
	if (at == (void *)-1 && errno == EACCES && !writer) {
		shm.readonly = true;
		at = shmat(shm.id, NULL, SHM_RDONLY);
	}
	if (at == (void *)-1)
		return explain(unit, errno, error);
	shm.segment = at;
	*ret = shm;
	return 0;
}

void ntpshm_detach(struct ntpshm *shm)
{
	if (shm->segment)
		(void)shmdt(shm->segment);
	shm->segment = NULL;
}

bool ntpshm_is_stale(const struct ntpshm *shm)
{
	return shmget(key_of(shm->unit), 0, 0) != shm->id;
}

static void copy_fields(const struct ntpshm_segment *from, struct ntpshm_segment *to)
{
	memset(to, 0, sizeof(*to));
	to->mode = LOAD(from->mode);
	to->clock_s = LOAD(from->clock_s);
	to->clock_us = LOAD(from->clock_us);
	to->clock_ns = LOAD(from->clock_ns);
	to->receive_s = LOAD(from->receive_s);
	to->receive_us = LOAD(from->receive_us);
	to->receive_ns = LOAD(from->receive_ns);
	to->leap = LOAD(from->leap);
	to->precision = LOAD(from->precision);
}

int ntpshm_take(struct ntpshm *shm, struct ntpshm_sample *ret)
{
	struct ntpshm_segment *s = shm->segment, copy;
	int32_t count = LOAD(s->count);

	FENCE();
	if (!LOAD(s->valid) || (shm->readonly && shm->seen && shm->seen_count == count))
		return -EAGAIN;
	FENCE();
	copy_fields(s, &copy);
	FENCE();
	if (copy.mode == 1 && LOAD(s->count) != count)
		return -EBUSY;
	if (shm->readonly) {
		shm->seen = true;
		shm->seen_count = count;
	} else {
		STORE(s->valid, 0);
	}
	return ntpshm_decode(&copy, ret);
}

int ntpshm_put(struct ntpshm *shm, const struct ntpshm_sample *sample)
{
	struct ntpshm_segment *s = shm->segment, copy;
	int rc = ntpshm_encode(sample, &copy);

	if (rc < 0)
		return rc;
	STORE(s->mode, 1);
	STORE(s->count, (int32_t)((uint32_t)LOAD(s->count) + 1));
	FENCE();
	STORE(s->valid, 0);
	FENCE();
	STORE(s->clock_s, copy.clock_s);
	STORE(s->clock_us, copy.clock_us);
	STORE(s->clock_ns, copy.clock_ns);
	STORE(s->receive_s, copy.receive_s);
	STORE(s->receive_us, copy.receive_us);
	STORE(s->receive_ns, copy.receive_ns);
	STORE(s->leap, copy.leap);
	STORE(s->precision, copy.precision);
	STORE(s->nsamples, copy.nsamples);
	FENCE();
	STORE(s->count, (int32_t)((uint32_t)LOAD(s->count) + 1));
	FENCE();
	STORE(s->valid, 1);
	return 0;
}

void ntpshm_clear(struct ntpshm *shm)
{
	if (shm->segment && !shm->readonly)
		STORE(shm->segment->valid, 0);
	FENCE();
}
