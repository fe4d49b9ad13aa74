/* The reading thread of the wire without the interpreter.

   Theory.  The kernel stamps what arrives, so a read that is late costs no accuracy, as long as no second chunk of the
   same stream has come meanwhile: a read has one stamp only, that of its last segment.  At tens of thousands of chunks
   a second what makes reads late is the interpreter: whoever reads in Python needs it for each read, and stands in line
   for it behind the workers.  Therefore this loop never asks for it.  It waits for all sockets (epoll), reads each that
   has something (recvmsg), notes the stamp, and puts both into the queue of that socket.  A worker takes the whole queue
   at once, when it is told that something is due in it: see `Channel` in channel.py, which says what "due" is.

   Who owns what.  A `Chan` is the queue of one socket.  It has two owners, the Python object and the loop, and is freed
   when both have let go (`refs`); while it stands in the list of those with news it has a third.  Everything in it is
   guarded by its `lock`, but for what the list needs, which the lock of the loop guards.  The loop knows of a Chan from
   epoll alone.  One that was dropped may still stand in events that epoll_wait has returned, so the loop lets go of it
   between two waits and never within a round (`bury`).

   Dropping.  `drop` takes the lock, says `gone`, and takes the descriptor out of epoll.  The loop looks at `gone` under
   the same lock before it reads.  So when `drop` has returned, the descriptor is touched no more and may be closed, and
   the number may be used again.  The other way round would be a fault: epoll forgets a closed descriptor, and taking it
   out by its number would then hit whoever has the number now.  That is why the Python object holds the socket object:
   no collection of garbage can close it first.

   Locks and the interpreter.  Who holds the interpreter never blocks on a lock: it tries, and when the lock is not free
   it gives the interpreter up before it waits (`hold`).  The loop holds a lock for one recvmsg at most and never wants
   the interpreter.  So neither side waits for the other with its own lock in hand.  Order of locks: Chan, then Core.

   Fork.  The child has no loop thread, but the same epoll object as its parent: what it took out would be taken from
   the parent, and a lock may have been held at that moment for ever.  So a child touches nothing of its parent's
   (`forks`); it makes a loop of its own.

   The gate.  `Gate` is that of gate.py.  It is here as well because a worker that waits for reads leaves it and enters it
   again: done here, it stands at the gate without the interpreter and wants that once, when it is its turn, instead of
   before and after.

   How late it is, it tells itself.  `waits` counts how long reads had waited when their round began, `away` how long
   their sockets had not been looked at, and `wakes` by how much its own sleeps (the naps between rounds, and the waits
   that nothing ended) were too long: what makes those late makes it late for bytes as well. */

#define PY_SSIZE_T_CLEAN
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* as pyconfig.h has it in some versions */
#endif
#include <Python.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    API = 2, /* raised with each change of what Python sees; reading.py takes no other */
    READ_BYTES = 65536,
    EVENTS = 1024,
    HINT_BYTES = 256,
    BUCKETS = 56, /* half-octaves of microseconds, as in pump.py */
    FRAMING_BYTES = 7,
    KEPT_BYTES = 16384, /* a queue keeps so much room when it was taken */
    STAMP = 35,         /* SO_TIMESTAMPNS and its ancillary data; the 64 bit ABI, as in pump.py */
    TCP_INFO_OPTION = 11,
    TCP_INFO_BYTES = 228,
    OUT_OF_ORDER_AT = 224 /* tcpi_rcv_ooopack, as in tcp_info.py */
};
static const int64_t US = 1000, MS = 1000000, S = 1000000000; /* in nanoseconds */
/* As in channel.py. */
static const size_t ALL_QUEUES_BYTES = 24u << 20, LARGEST_QUEUE_BYTES = 4u << 20, SMALLEST_QUEUE_BYTES = 256u << 10;
/* As in pump.py, where each is explained. */
static const int64_t AT_ONCE_NS = 50000, PROMPT_NS = 2000, TOO_EARLY_NS = 1000000, NAP_NS = 200000;
static const int64_t LONGEST_NAP_NS = 2000000;
/* Whoever decrypts has the stamps already, and needs the interpreter once for all that has come meanwhile. */
static const int64_t NEWS_NAP_NS = 5000000;

static const uint64_t SLICE_NS = 100000; /* the least that the system has: a round of some reads fits in */

enum { BEAT_MS = 20 }; /* it is awake at least so often, so that it knows how late it is woken */

typedef struct {
    int64_t stamp;
    uint32_t size;
} Piece;

typedef struct Chan Chan;

struct Chan {
    atomic_int refs;
    Chan *next_dead, *next_news; /* guarded by the lock of the Core, as are `listed` and `number` */
    bool listed;
    uint64_t number;
    pthread_mutex_t lock; /* guards all that follows */
    PyThread_type_lock bell;
    int fd, error;
    bool stamped, eager, watched, ended, gone, full, due, waiting, rung;
    bool before_head; /* the next read begins an answer */
    int64_t end_ns; /* when the connection ended; 0: it has not, or the worker has taken the end */
    uint32_t out_of_order;
    char hint[HINT_BYTES];
    size_t hint_size;
    Piece *pieces;
    size_t count, room;
    char *bytes;
    size_t used, space;
};

typedef struct {
    atomic_int refs;
    atomic_long open; /* Chans that are not dropped */
    unsigned forks;   /* those of the process when it was made */
    int epoll, stop, stamper;
    pthread_mutex_t lock; /* guards the lists */
    pthread_cond_t bell;
    Chan *dead, *news, **news_end;
    bool stopped;
    int64_t looked_ns, empty_ns, beat_ns; /* the loop's own */
    _Atomic uint64_t waits[BUCKETS], away[BUCKETS], wakes[BUCKETS], reads, longest_us;
    char scratch[READ_BYTES];
} Core;

static atomic_uint forks;

static void forked(void) { atomic_fetch_add(&forks, 1); }

static bool foreign(const Core *core) { return core->forks != atomic_load(&forks); }

static int64_t clock_ns(clockid_t which) {
    struct timespec t;
    clock_gettime(which, &t);
    return t.tv_sec * S + t.tv_nsec;
}

static int64_t now(void) { return clock_ns(CLOCK_MONOTONIC); }

/* The monotonic time, and how far the wall clock is ahead of it; of three looks the quickest counts. */
static int64_t clocks(int64_t *ahead_ns) {
    int64_t best = INT64_MAX, found = 0;
    for (int look = 0; look < 3 && best >= PROMPT_NS; look++) {
        int64_t before = now(), wall = clock_ns(CLOCK_REALTIME), after = now();
        if (after - before < best) {
            best = after - before;
            found = after;
            *ahead_ns = wall - (before + after) / 2;
        }
    }
    return found;
}

static void count(_Atomic uint64_t *buckets, int64_t us, uint64_t by) {
    uint64_t square = us <= 0 ? 0 : us >= INT32_MAX ? UINT64_MAX : (uint64_t)us * (uint64_t)us;
    int bits = square == 0 ? 0 : 64 - __builtin_clzll(square);
    atomic_fetch_add_explicit(&buckets[bits < BUCKETS ? bits : BUCKETS - 1], by, memory_order_relaxed);
}

/* --- lives --- */

static void chan_release(Chan *ch) {
    if (atomic_fetch_sub(&ch->refs, 1) != 1)
        return;
    pthread_mutex_destroy(&ch->lock);
    PyThread_free_lock(ch->bell);
    free(ch->pieces);
    free(ch->bytes);
    free(ch);
}

/* Lets go of what was dropped; by the loop between two waits, or when nobody is left. */
static void bury(Core *core) {
    pthread_mutex_lock(&core->lock);
    Chan *dead = core->dead;
    core->dead = NULL;
    pthread_mutex_unlock(&core->lock);
    while (dead != NULL) {
        Chan *next = dead->next_dead;
        chan_release(dead);
        dead = next;
    }
}

static void core_release(Core *core) {
    if (atomic_fetch_sub(&core->refs, 1) != 1 || foreign(core))
        return;
    bury(core);
    while (core->news != NULL) {
        Chan *next = core->news->next_news;
        chan_release(core->news);
        core->news = next;
    }
    for (int *fd = (int[]){core->epoll, core->stop, core->stamper, -1}, i = 0; i < 3; i++)
        if (fd[i] >= 0)
            close(fd[i]);
    pthread_cond_destroy(&core->bell);
    pthread_mutex_destroy(&core->lock);
    free(core);
}

/* --- the loop's side: no interpreter, no Python object --- */

static size_t share_bytes(Core *core) {
    long open = atomic_load_explicit(&core->open, memory_order_relaxed);
    size_t share = ALL_QUEUES_BYTES / (size_t)(open > 0 ? open : 1);
    return share > LARGEST_QUEUE_BYTES ? LARGEST_QUEUE_BYTES : share < SMALLEST_QUEUE_BYTES ? SMALLEST_QUEUE_BYTES : share;
}

static void ring(Chan *ch) {
    ch->waiting = false;
    if (!ch->rung) {
        ch->rung = true;
        PyThread_release_lock(ch->bell);
    }
}

/* Tells `next_news` of a watched Chan. */
static void list(Core *core, Chan *ch) {
    pthread_mutex_lock(&core->lock);
    if (!ch->listed) {
        ch->listed = true;
        ch->next_news = NULL;
        atomic_fetch_add(&ch->refs, 1);
        *core->news_end = ch;
        core->news_end = &ch->next_news;
        pthread_cond_signal(&core->bell);
    }
    pthread_mutex_unlock(&core->lock);
}

static bool reserve(void **block, size_t *room, size_t wanted, size_t least, size_t item) {
    if (wanted <= *room)
        return true;
    size_t more = *room ? *room : least;
    while (more < wanted)
        more *= 2;
    void *grown = realloc(*block, more * item);
    if (grown == NULL)
        return false;
    *block = grown;
    *room = more;
    return true;
}

static void end(Chan *ch, int error) {
    ch->ended = true;
    ch->error = error;
    ch->end_ns = now();
}

/* Without memory the connection ends: of that nothing need be stored. */
static void append(Chan *ch, int64_t stamp, const char *data, size_t size) {
    if (!reserve((void **)&ch->pieces, &ch->room, ch->count + 1, 32, sizeof(Piece)) ||
        !reserve((void **)&ch->bytes, &ch->space, ch->used + size, 4096, 1)) {
        end(ch, ENOMEM);
        return;
    }
    ch->pieces[ch->count++] = (Piece){stamp, (uint32_t)size};
    memcpy(ch->bytes + ch->used, data, size);
    ch->used += size;
}

/* Whether the first read of an answer holds a whole head that only says that a stream follows: nobody need look. */
static bool is_usual_head(const char *data, ssize_t size) {
    static const char begin[] = "HTTP/1.1 200", chunked[] = "chunked\r\n";
    return size > (ssize_t)sizeof begin && memcmp(data, begin, sizeof begin - 1) == 0 &&
           memmem(data, (size_t)size, chunked, sizeof chunked - 1) != NULL &&
           memmem(data, (size_t)size, "\r\n\r\n", 4) != NULL;
}

static bool is_due(Core *core, Chan *ch, const char *data, ssize_t size) {
    if (ch->before_head && size > 0) {
        ch->before_head = false;
        ch->eager = ch->eager || !is_usual_head(data, size);
    }
    return ch->eager || ch->ended || size <= FRAMING_BYTES || memcmp(data + size - 5, "0\r\n\r\n", 5) == 0 ||
           memmem(data, (size_t)size, ch->hint, ch->hint_size) != NULL || ch->used > share_bytes(core) / 2;
}

/* Whether packets have come out of order since the last call; false where the system does not tell. */
static bool lost_packets(Chan *ch) {
    unsigned char info[TCP_INFO_BYTES] = {0};
    socklen_t size = sizeof info;
    uint32_t out_of_order, before = ch->out_of_order;
    if (getsockopt(ch->fd, IPPROTO_TCP, TCP_INFO_OPTION, info, &size) < 0)
        return false;
    memcpy(&out_of_order, info + OUT_OF_ORDER_AT, sizeof out_of_order);
    ch->out_of_order = out_of_order;
    return out_of_order > before;
}

typedef struct {
    int64_t now_ns, ahead_ns, empty_ns;
} Round;

/* The time of a read: its stamp on the monotonic clock, which is in the ancillary data; else this moment. */
static int64_t stamp_of(Core *core, Chan *ch, struct msghdr *msg, const Round *round) {
    struct cmsghdr *c = CMSG_FIRSTHDR(msg);
    while (c != NULL && (c->cmsg_level != SOL_SOCKET || c->cmsg_type != STAMP))
        c = CMSG_NXTHDR(msg, c);
    if (c == NULL)
        return now();
    struct timespec t;
    memcpy(&t, CMSG_DATA(c), sizeof t);
    int64_t arrived = t.tv_sec * S + t.tv_nsec - round->ahead_ns;
    if (arrived <= round->now_ns - 60 * S || arrived >= round->now_ns + S)
        arrived = now(); /* the wall clock was set meanwhile */
    else if (arrived <= round->empty_ns - TOO_EARLY_NS && lost_packets(ch))
        arrived = round->now_ns; /* it lay in the system behind a packet that was lost: see pump.py, _readable_ns */
    int64_t waited = round->now_ns > arrived ? (round->now_ns - arrived) / US : 0;
    count(core->waits, waited, 1);
    if ((uint64_t)waited > atomic_load_explicit(&core->longest_us, memory_order_relaxed))
        atomic_store_explicit(&core->longest_us, (uint64_t)waited, memory_order_relaxed);
    return arrived;
}

static void read_one(Core *core, Chan *ch, const Round *round) {
    char control[64];
    struct iovec into = {core->scratch, READ_BYTES};
    struct msghdr msg = {.msg_iov = &into, .msg_iovlen = 1, .msg_control = control};
    pthread_mutex_lock(&ch->lock);
    if (ch->gone || ch->ended || ch->full)
        goto out;
    msg.msg_controllen = ch->stamped ? sizeof control : 0;
    ssize_t size = recvmsg(ch->fd, &msg, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        goto out;
    atomic_fetch_add_explicit(&core->reads, 1, memory_order_relaxed);
    /* A read that fails leaves the ancillary data of the one before: only what brought bytes has a stamp. */
    if (size > 0)
        append(ch, stamp_of(core, ch, &msg, round), core->scratch, (size_t)size);
    else
        end(ch, size < 0 ? errno : 0);
    ch->full = ch->used > share_bytes(core);
    if (ch->ended || ch->full) /* with events = 0 it would still report the end, again and again */
        epoll_ctl(core->epoll, EPOLL_CTL_DEL, ch->fd, NULL);
    if (ch->watched)
        list(core, ch);
    ch->due = ch->due || is_due(core, ch, core->scratch, size);
    if (ch->due && ch->waiting)
        ring(ch);
out:
    pthread_mutex_unlock(&ch->lock);
}

static void slept(Core *core, int64_t since_ns, int64_t wanted_ns) {
    core->beat_ns = now();
    count(core->wakes, (core->beat_ns - since_ns - wanted_ns) / US, 1);
}

static void nap(Core *core, int ready) {
    int64_t since_ns = now(), nap_ns = NAP_NS * ready;
    if (ready < 2 && since_ns - core->beat_ns < BEAT_MS * MS)
        return;
    nap_ns = nap_ns < LONGEST_NAP_NS ? nap_ns : LONGEST_NAP_NS;
    nanosleep(&(struct timespec){0, nap_ns}, NULL);
    slept(core, since_ns, nap_ns);
}

/* As in include/uapi/linux/sched/types.h, first version; the C library may not have it. */
typedef struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t slice_ns, deadline, period;
} Scheduling;

/* Asks the system to run this thread soon when it is woken, and for a shorter time at once: it gets no more of the core
   than before, but need not wait until whoever computes has had its full slice.  Linux 6.12 does so for any user, those
   before it take no notice.  Where it is refused, the thread reads all the same. */
static void be_prompt(void) {
    Scheduling how = {0};
    if (syscall(SYS_sched_getattr, 0, &how, sizeof how, 0) == 0 && how.policy == SCHED_OTHER) {
        how.slice_ns = SLICE_NS;
        syscall(SYS_sched_setattr, 0, &how, 0);
    }
}

/* 0 when it was stopped, else the errno of what failed. */
static int run(Core *core) {
    struct epoll_event events[EVENTS];
    int64_t waits_since_ns = now();
    for (bool stopped = false; !stopped;) {
        bury(core);
        Round round = {.empty_ns = waits_since_ns};
        waits_since_ns = now();
        int ready = epoll_wait(core->epoll, events, EVENTS, BEAT_MS);
        int64_t woken_ns = now();
        if (ready < 0 && errno != EINTR)
            return errno;
        if (woken_ns - waits_since_ns > AT_ONCE_NS)
            core->looked_ns = woken_ns, round.empty_ns = waits_since_ns;
        if (ready <= 0) {
            slept(core, waits_since_ns, BEAT_MS * MS);
            continue;
        }
        round.now_ns = clocks(&round.ahead_ns);
        count(core->away, (round.now_ns - core->looked_ns) / US, (uint64_t)ready);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr == core)
                stopped = true;
            else
                read_one(core, events[i].data.ptr, &round);
        }
        core->looked_ns = woken_ns; /* what comes while a round is under way is seen by the next look */
        nap(core, ready);
    }
    return 0;
}

/* --- Python's side: with the interpreter --- */

static void hold(pthread_mutex_t *lock) {
    if (pthread_mutex_trylock(lock) == 0)
        return;
    Py_BEGIN_ALLOW_THREADS
    pthread_mutex_lock(lock);
    Py_END_ALLOW_THREADS
}

typedef struct {
    PyObject_HEAD
    pthread_mutex_t lock; /* guards all that follows, for moments only */
    pthread_cond_t open, handed_over;
    bool held, handed;
    int workers, pumps; /* who waits */
} GateObject;

static void gate_enter(GateObject *gate) {
    pthread_mutex_lock(&gate->lock);
    gate->workers++;
    while (gate->held)
        pthread_cond_wait(&gate->open, &gate->lock);
    gate->workers--;
    gate->held = true;
    pthread_mutex_unlock(&gate->lock);
}

/* With its lock held, which it lets go: to a pump if one waits, without opening the gate, else to a worker. */
static void gate_leave_locked(GateObject *gate) {
    if (gate->pumps > 0) {
        gate->handed = true;
        pthread_cond_signal(&gate->handed_over);
    } else {
        gate->held = false;
        if (gate->workers > 0)
            pthread_cond_signal(&gate->open);
    }
    pthread_mutex_unlock(&gate->lock);
}

static void gate_enter_pump(GateObject *gate) {
    pthread_mutex_lock(&gate->lock);
    if (gate->held) {
        gate->pumps++;
        while (!gate->handed)
            pthread_cond_wait(&gate->handed_over, &gate->lock);
        gate->handed = false;
        gate->pumps--;
    }
    gate->held = true;
    pthread_mutex_unlock(&gate->lock);
}

typedef struct {
    PyObject_HEAD
    Core *core;
} LoopObject;

typedef struct {
    PyObject_HEAD
    Core *core;
    Chan *ch;
    PyObject *sock;
} ChannelObject;

static PyTypeObject *loop_type, *gate_type;

static PyObject *gate_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    (void)kwargs;
    if (!PyArg_ParseTuple(args, ""))
        return NULL;
    GateObject *self = (GateObject *)type->tp_alloc(type, 0);
    if (self != NULL) {
        pthread_mutex_init(&self->lock, NULL);
        pthread_cond_init(&self->open, NULL);
        pthread_cond_init(&self->handed_over, NULL);
    }
    return (PyObject *)self;
}

static void gate_dealloc(GateObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    pthread_cond_destroy(&self->handed_over);
    pthread_cond_destroy(&self->open);
    pthread_mutex_destroy(&self->lock);
    type->tp_free(self);
    Py_DECREF(type);
}

/* True when it was free and is ours now: then the interpreter need not be given up. */
static bool gate_try(GateObject *gate) {
    if (pthread_mutex_trylock(&gate->lock) != 0)
        return false;
    bool free = !gate->held;
    gate->held = true;
    pthread_mutex_unlock(&gate->lock);
    return free;
}

static PyObject *gate_py_enter(GateObject *self, PyObject *unused) {
    (void)unused;
    if (!gate_try(self)) {
        Py_BEGIN_ALLOW_THREADS
        gate_enter(self);
        Py_END_ALLOW_THREADS
    }
    Py_RETURN_NONE;
}

static PyObject *gate_py_enter_pump(GateObject *self, PyObject *unused) {
    (void)unused;
    if (!gate_try(self)) {
        Py_BEGIN_ALLOW_THREADS
        gate_enter_pump(self);
        Py_END_ALLOW_THREADS
    }
    Py_RETURN_NONE;
}

static PyObject *gate_py_leave(GateObject *self, PyObject *unused) {
    (void)unused;
    hold(&self->lock);
    gate_leave_locked(self);
    Py_RETURN_NONE;
}

static PyObject *gate_py_yield_to_pump(GateObject *self, PyObject *unused) {
    (void)unused;
    hold(&self->lock);
    bool wanted = self->pumps > 0;
    if (!wanted) {
        pthread_mutex_unlock(&self->lock);
        Py_RETURN_NONE;
    }
    Py_BEGIN_ALLOW_THREADS
    gate_leave_locked(self);
    gate_enter(self);
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

static PyObject *gate_py_exit(GateObject *self, PyObject *args) {
    (void)args;
    return gate_py_leave(self, NULL);
}

/* False, with RuntimeError, in a process that was forked off the one that made it. */
static bool at_home(const Core *core) {
    if (foreign(core))
        PyErr_SetString(PyExc_RuntimeError, "this belongs to the process from which this one was forked");
    return !foreign(core);
}

/* A socket that keeps the kernel stamping: see keep_stamping in pump.py. */
static int new_stamper(void) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, STAMP, &on, sizeof on);
    return fd;
}

static void core_init(Core *core) {
    pthread_condattr_t monotonic;
    atomic_init(&core->refs, 1);
    core->forks = atomic_load(&forks);
    pthread_mutex_init(&core->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&core->bell, &monotonic);
    pthread_condattr_destroy(&monotonic);
    core->news_end = &core->news;
    core->epoll = epoll_create1(EPOLL_CLOEXEC);
    core->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    core->stamper = new_stamper();
    core->looked_ns = core->beat_ns = now();
}

static PyObject *loop_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    (void)kwargs;
    if (!PyArg_ParseTuple(args, ""))
        return NULL;
    LoopObject *self = (LoopObject *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    Core *core = self->core = calloc(1, sizeof(Core));
    if (core == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    core_init(core);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = core};
    if (core->epoll < 0 || core->stop < 0 || epoll_ctl(core->epoll, EPOLL_CTL_ADD, core->stop, &event) < 0) {
        PyErr_SetFromErrno(PyExc_OSError);
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static void loop_dealloc(LoopObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    if (self->core != NULL)
        core_release(self->core);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *loop_run(LoopObject *self, PyObject *unused) {
    (void)unused;
    sigset_t all, before;
    int failed;
    if (!at_home(self->core))
        return NULL;
    Py_BEGIN_ALLOW_THREADS
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    be_prompt();
    failed = run(self->core);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    Py_END_ALLOW_THREADS
    if (failed) {
        errno = failed;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    Py_RETURN_NONE;
}

static PyObject *loop_stop(LoopObject *self, PyObject *unused) {
    (void)unused;
    Core *core = self->core;
    if (!at_home(core))
        return NULL;
    hold(&core->lock);
    core->stopped = true;
    pthread_cond_broadcast(&core->bell);
    pthread_mutex_unlock(&core->lock);
    if (eventfd_write(core->stop, 1) < 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    Py_RETURN_NONE;
}

/* Up to EVENTS numbers of watched Chans that have got something, waited for without the interpreter; those that come
   within a nap come together.  An empty list when the loop was stopped. */
static PyObject *loop_next_news(LoopObject *self, PyObject *unused) {
    (void)unused;
    Core *core = self->core;
    uint64_t numbers[EVENTS];
    Py_ssize_t found = 0;
    if (!at_home(core))
        return NULL;
    Py_BEGIN_ALLOW_THREADS
    pthread_mutex_lock(&core->lock);
    while (core->news == NULL && !core->stopped)
        pthread_cond_wait(&core->bell, &core->lock);
    pthread_mutex_unlock(&core->lock);
    nanosleep(&(struct timespec){0, NEWS_NAP_NS}, NULL);
    pthread_mutex_lock(&core->lock);
    while (core->news != NULL && found < EVENTS) {
        Chan *ch = core->news;
        core->news = ch->next_news;
        ch->listed = false;
        numbers[found++] = ch->number;
        chan_release(ch);
    }
    if (core->news == NULL)
        core->news_end = &core->news;
    pthread_mutex_unlock(&core->lock);
    Py_END_ALLOW_THREADS
    PyObject *made = PyList_New(found);
    for (Py_ssize_t i = 0; made != NULL && i < found; i++) {
        PyObject *number = PyLong_FromUnsignedLongLong(numbers[i]);
        if (number == NULL)
            Py_CLEAR(made);
        else
            PyList_SET_ITEM(made, i, number);
    }
    return made;
}

static PyObject *counts_of(_Atomic uint64_t *buckets) {
    PyObject *counts = PyList_New(BUCKETS);
    for (int i = 0; counts != NULL && i < BUCKETS; i++) {
        PyObject *number = PyLong_FromUnsignedLongLong(atomic_load_explicit(&buckets[i], memory_order_relaxed));
        if (number == NULL)
            Py_CLEAR(counts);
        else
            PyList_SET_ITEM(counts, i, number);
    }
    return counts;
}

static PyObject *loop_waits(LoopObject *self, void *unused) { (void)unused; return counts_of(self->core->waits); }
static PyObject *loop_away(LoopObject *self, void *unused) { (void)unused; return counts_of(self->core->away); }
static PyObject *loop_wakes(LoopObject *self, void *unused) { (void)unused; return counts_of(self->core->wakes); }

static PyObject *loop_number(LoopObject *self, void *what) {
    Core *core = self->core;
    if (what == (void *)1)
        return PyLong_FromLong(atomic_load(&core->open));
    if (what == (void *)2)
        return PyLong_FromSize_t(share_bytes(core));
    return PyLong_FromUnsignedLongLong(atomic_load(&core->reads));
}

static PyObject *loop_take_longest_wait_us(LoopObject *self, PyObject *unused) {
    (void)unused;
    return PyLong_FromUnsignedLongLong(atomic_exchange(&self->core->longest_us, 0));
}

/* With one owner; the loop becomes the other when epoll has it. */
static Chan *chan_make(int fd, bool stamped) {
    Chan *ch = calloc(1, sizeof(Chan));
    if (ch == NULL || (ch->bell = PyThread_allocate_lock()) == NULL) {
        free(ch);
        return NULL;
    }
    PyThread_acquire_lock(ch->bell, WAIT_LOCK);
    atomic_init(&ch->refs, 1);
    pthread_mutex_init(&ch->lock, NULL);
    ch->fd = fd;
    ch->stamped = stamped;
    ch->eager = true;
    return ch;
}

static PyObject *channel_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    (void)kwargs;
    LoopObject *loop;
    PyObject *sock;
    int fd, stamped;
    if (!PyArg_ParseTuple(args, "O!Op", loop_type, &loop, &sock, &stamped) || !at_home(loop->core) ||
        (fd = PyObject_AsFileDescriptor(sock)) < 0)
        return NULL;
    ChannelObject *self = (ChannelObject *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    Chan *ch = chan_make(fd, stamped);
    if (ch == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    Core *core = loop->core;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = ch};
    atomic_fetch_add(&core->open, 1);
    atomic_fetch_add(&ch->refs, 1);
    if (epoll_ctl(core->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        PyErr_SetFromErrno(PyExc_OSError);
        atomic_fetch_sub(&core->open, 1);
        atomic_fetch_sub(&ch->refs, 1);
        chan_release(ch);
        Py_DECREF(self);
        return NULL;
    }
    atomic_fetch_add(&core->refs, 1);
    self->core = core;
    self->ch = ch;
    Py_INCREF(sock);
    self->sock = sock;
    return (PyObject *)self;
}

static void drop(ChannelObject *self) {
    Chan *ch = self->ch;
    Core *core = self->core;
    if (foreign(core))
        return;
    hold(&ch->lock);
    bool first = !ch->gone;
    if (first && !ch->ended && !ch->full)
        epoll_ctl(core->epoll, EPOLL_CTL_DEL, ch->fd, NULL);
    ch->gone = true;
    if (first)
        ring(ch);
    pthread_mutex_unlock(&ch->lock);
    if (first) {
        atomic_fetch_sub(&core->open, 1);
        hold(&core->lock);
        ch->next_dead = core->dead;
        core->dead = ch;
        pthread_mutex_unlock(&core->lock);
    }
}

static PyObject *channel_drop(ChannelObject *self, PyObject *unused) {
    (void)unused;
    drop(self);
    Py_RETURN_NONE;
}

static void channel_dealloc(ChannelObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    if (self->ch != NULL) {
        drop(self);
        if (!foreign(self->core))
            chan_release(self->ch);
        core_release(self->core);
    }
    Py_XDECREF(self->sock);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *pair_of(int64_t ns, const char *bytes, size_t size) {
    PyObject *pair = PyTuple_New(2), *stamp = PyLong_FromLongLong(ns);
    PyObject *data = PyBytes_FromStringAndSize(bytes, (Py_ssize_t)size);
    if (pair == NULL || stamp == NULL || data == NULL) {
        Py_XDECREF(pair), Py_XDECREF(stamp), Py_XDECREF(data);
        return NULL;
    }
    PyTuple_SET_ITEM(pair, 0, stamp);
    PyTuple_SET_ITEM(pair, 1, data);
    return pair;
}

/* The reads as Python has them; the end of the connection behind them, unless `end_ns` is 0. */
static PyObject *list_of(const Piece *pieces, size_t number, const char *bytes, int64_t end_ns) {
    size_t all = number + (end_ns != 0);
    PyObject *reads = PyList_New((Py_ssize_t)all);
    for (size_t i = 0; reads != NULL && i < all; i++) {
        PyObject *pair = i < number ? pair_of(pieces[i].stamp, bytes, pieces[i].size) : pair_of(end_ns, "", 0);
        if (pair == NULL) {
            Py_CLEAR(reads);
            break;
        }
        PyList_SET_ITEM(reads, (Py_ssize_t)i, pair);
        bytes += i < number ? pieces[i].size : 0;
    }
    return reads;
}

/* The queue is taken out under the lock and made a list without it: making objects may collect garbage, and with it run
   any code, another `take` for example. */
static PyObject *channel_take(ChannelObject *self, PyObject *unused) {
    (void)unused;
    Chan *ch = self->ch;
    if (!at_home(self->core))
        return NULL;
    hold(&ch->lock);
    Piece *pieces = ch->pieces;
    char *bytes = ch->bytes;
    size_t number = ch->count, room = ch->room, space = ch->space;
    ch->pieces = NULL, ch->bytes = NULL;
    ch->count = ch->room = ch->used = ch->space = 0;
    int64_t end_ns = ch->end_ns;
    ch->end_ns = 0;
    ch->due = false;
    if (ch->full) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = ch};
        ch->full = false;
        if (!ch->ended && !ch->gone)
            epoll_ctl(self->core->epoll, EPOLL_CTL_ADD, ch->fd, &event);
    }
    pthread_mutex_unlock(&ch->lock);
    PyObject *reads = list_of(pieces, number, bytes, end_ns);
    if (number > 0 && space <= KEPT_BYTES) {
        hold(&ch->lock);
        if (ch->pieces == NULL && ch->bytes == NULL && !ch->gone) {
            ch->pieces = pieces, ch->room = room;
            ch->bytes = bytes, ch->space = space;
            pieces = NULL, bytes = NULL;
        }
        pthread_mutex_unlock(&ch->lock);
    }
    free(pieces);
    free(bytes);
    return reads;
}

static PyObject *channel_wait(ChannelObject *self, PyObject *args) {
    Chan *ch = self->ch;
    PyObject *given = NULL;
    double s;
    if (!PyArg_ParseTuple(args, "d|O", &s, &given) || !at_home(self->core))
        return NULL;
    GateObject *gate = given != NULL && Py_IS_TYPE(given, gate_type) ? (GateObject *)given : NULL;
    if (given != NULL && given != Py_None && gate == NULL) {
        PyErr_SetString(PyExc_TypeError, "not a gate of this module");
        return NULL;
    }
    hold(&ch->lock);
    bool wait = ch->waiting = !(ch->due || ch->ended || ch->gone || (ch->eager && ch->count > 0));
    pthread_mutex_unlock(&ch->lock);
    if (!wait)
        Py_RETURN_NONE;
    PyLockStatus got;
    Py_BEGIN_ALLOW_THREADS
    if (gate != NULL) {
        pthread_mutex_lock(&gate->lock);
        gate_leave_locked(gate);
    }
    got = PyThread_acquire_lock_timed(ch->bell, (long long)((s < 0 ? 0 : s > 1e6 ? 1e6 : s) * 1e6), 1);
    if (gate != NULL)
        gate_enter(gate);
    Py_END_ALLOW_THREADS
    hold(&ch->lock);
    ch->waiting = false;
    if (got == PY_LOCK_ACQUIRED)
        ch->rung = false;
    pthread_mutex_unlock(&ch->lock);
    if (got == PY_LOCK_INTR && PyErr_CheckSignals() < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *channel_wake(ChannelObject *self, PyObject *unused) {
    (void)unused;
    if (!at_home(self->core))
        return NULL;
    hold(&self->ch->lock);
    ring(self->ch);
    pthread_mutex_unlock(&self->ch->lock);
    Py_RETURN_NONE;
}

/* A request goes out on it: what comes next begins an answer, and its last event holds the hint. */
static PyObject *channel_begin(ChannelObject *self, PyObject *hint) {
    char *text;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(hint, &text, &size) < 0 || !at_home(self->core))
        return NULL;
    if (size > HINT_BYTES) /* what a hint begins with tells as much: it wakes too often, never too late */
        size = HINT_BYTES;
    hold(&self->ch->lock);
    memcpy(self->ch->hint, text, (size_t)size);
    self->ch->hint_size = (size_t)size;
    self->ch->before_head = true;
    self->ch->eager = self->ch->due = false;
    pthread_mutex_unlock(&self->ch->lock);
    Py_RETURN_NONE;
}

/* Makes `next_news` tell this number whenever something has come here, and now if something is here already. */
static PyObject *channel_watch(ChannelObject *self, PyObject *number) {
    Chan *ch = self->ch;
    Core *core = self->core;
    uint64_t wanted = PyLong_AsUnsignedLongLong(number);
    if ((wanted == (uint64_t)-1 && PyErr_Occurred()) || !at_home(core))
        return NULL;
    hold(&core->lock);
    ch->number = wanted;
    pthread_mutex_unlock(&core->lock);
    hold(&ch->lock);
    ch->watched = true;
    bool news = ch->count > 0 || ch->end_ns != 0;
    pthread_mutex_unlock(&ch->lock);
    if (news) {
        Py_BEGIN_ALLOW_THREADS
        list(core, ch);
        Py_END_ALLOW_THREADS
    }
    Py_RETURN_NONE;
}

static int channel_set_eager(ChannelObject *self, PyObject *value, void *unused) {
    (void)unused;
    int eager = value == NULL ? -1 : PyObject_IsTrue(value);
    if (eager < 0 || !at_home(self->core))
        return -1;
    hold(&self->ch->lock);
    self->ch->eager = eager;
    pthread_mutex_unlock(&self->ch->lock);
    return 0;
}

static PyObject *channel_error(ChannelObject *self, void *unused) {
    (void)unused;
    if (!at_home(self->core))
        return NULL;
    hold(&self->ch->lock);
    int number = self->ch->error;
    pthread_mutex_unlock(&self->ch->lock);
    if (number == 0)
        Py_RETURN_NONE;
    return PyObject_CallFunction(PyExc_OSError, "is", number, strerror(number));
}

enum { QUEUED, QUEUED_BYTES, ENDED, EAGER };

static PyObject *channel_get(ChannelObject *self, void *what) {
    const Chan *ch = self->ch;
    if (!at_home(self->core))
        return NULL;
    hold(&self->ch->lock);
    size_t number = ch->count + (ch->end_ns != 0), size = ch->used;
    bool ended = ch->ended, eager = ch->eager;
    pthread_mutex_unlock(&self->ch->lock);
    switch ((intptr_t)what) {
    case QUEUED:
        return PyLong_FromSize_t(number);
    case QUEUED_BYTES:
        return PyLong_FromSize_t(size);
    case ENDED:
        return PyBool_FromLong(ended);
    default:
        return PyBool_FromLong(eager);
    }
}

static PyMethodDef gate_methods[] = {
    {"enter", (PyCFunction)gate_py_enter, METH_NOARGS, "Waits for the gate, as a worker."},
    {"leave", (PyCFunction)gate_py_leave, METH_NOARGS, "Gives the gate back."},
    {"enter_pump", (PyCFunction)gate_py_enter_pump, METH_NOARGS, "Waits for the gate, before all workers."},
    {"yield_to_pump", (PyCFunction)gate_py_yield_to_pump, METH_NOARGS, "Lets a pump in if one waits."},
    {"__enter__", (PyCFunction)gate_py_enter, METH_NOARGS, "As enter."},
    {"__exit__", (PyCFunction)gate_py_exit, METH_VARARGS, "As leave."},
    {NULL, NULL, 0, NULL}};
static PyType_Slot gate_slots[] = {
    {Py_tp_new, gate_new}, {Py_tp_dealloc, gate_dealloc}, {Py_tp_methods, gate_methods}, {0, NULL}};
static PyType_Spec gate_spec = {"sse_perf_tool.wire._reader.Gate", sizeof(GateObject), 0, Py_TPFLAGS_DEFAULT, gate_slots};

static PyMethodDef loop_methods[] = {
    {"run", (PyCFunction)loop_run, METH_NOARGS, "Reads until `stop`, without the interpreter; for one thread."},
    {"stop", (PyCFunction)loop_stop, METH_NOARGS, "Ends `run` and `next_news`, soon."},
    {"next_news", (PyCFunction)loop_next_news, METH_NOARGS, "Numbers of watched channels that have got something."},
    {"take_longest_wait_us", (PyCFunction)loop_take_longest_wait_us, METH_NOARGS, "The longest since the last call."},
    {NULL, NULL, 0, NULL}};
static PyGetSetDef loop_getset[] = {{"waits", (getter)loop_waits, NULL, "See Pump.waits.", NULL},
                                    {"away", (getter)loop_away, NULL, "See Pump.away.", NULL},
                                    {"wakes", (getter)loop_wakes, NULL, "How late its sleeps ended.", NULL},
                                    {"reads", (getter)loop_number, NULL, "How many reads it made.", (void *)0},
                                    {"open", (getter)loop_number, NULL, "Channels that are not dropped.", (void *)1},
                                    {"share_bytes", (getter)loop_number, NULL, "What each may hold.", (void *)2},
                                    {NULL, NULL, NULL, NULL, NULL}};
static PyType_Slot loop_slots[] = {{Py_tp_new, loop_new},
                                   {Py_tp_dealloc, loop_dealloc},
                                   {Py_tp_methods, loop_methods},
                                   {Py_tp_getset, loop_getset},
                                   {0, NULL}};
static PyType_Spec loop_spec = {"sse_perf_tool.wire._reader.Loop", sizeof(LoopObject), 0, Py_TPFLAGS_DEFAULT, loop_slots};

static PyMethodDef channel_methods[] = {
    {"take", (PyCFunction)channel_take, METH_NOARGS, "All that has come: [(nanoseconds, bytes)], b\"\" at the end."},
    {"wait", (PyCFunction)channel_wait, METH_VARARGS, "Waits until something is due, at most so many seconds."},
    {"wake", (PyCFunction)channel_wake, METH_NOARGS, "Ends a wait."},
    {"drop", (PyCFunction)channel_drop, METH_NOARGS, "The socket is read no more and may be closed."},
    {"begin", (PyCFunction)channel_begin, METH_O, "A request goes out; the hint is in the last event of its answer."},
    {"watch", (PyCFunction)channel_watch, METH_O, "Its number for `Loop.next_news`."},
    {NULL, NULL, 0, NULL}};
static PyGetSetDef channel_getset[] = {
    {"eager", (getter)channel_get, (setter)channel_set_eager, "Every read is due.", (void *)EAGER},
    {"queued", (getter)channel_get, NULL, "Reads that wait.", (void *)QUEUED},
    {"queued_bytes", (getter)channel_get, NULL, "Their size.", (void *)QUEUED_BYTES},
    {"ended", (getter)channel_get, NULL, "The connection has ended.", (void *)ENDED},
    {"error", (getter)channel_error, NULL, "What reading failed with.", NULL},
    {NULL, NULL, NULL, NULL, NULL}};
static PyType_Slot channel_slots[] = {{Py_tp_new, channel_new},
                                      {Py_tp_dealloc, channel_dealloc},
                                      {Py_tp_methods, channel_methods},
                                      {Py_tp_getset, channel_getset},
                                      {0, NULL}};
static PyType_Spec channel_spec = {"sse_perf_tool.wire._reader.Channel", sizeof(ChannelObject), 0, Py_TPFLAGS_DEFAULT,
                                   channel_slots};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_reader", "The reading thread, compiled.", -1, NULL, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__reader(void) {
    if (loop_type == NULL && pthread_atfork(NULL, NULL, forked) != 0)
        return PyErr_NoMemory();
    PyObject *made = PyModule_Create(&module);
    PyObject *channel = PyType_FromSpec(&channel_spec), *loop = PyType_FromSpec(&loop_spec);
    PyObject *gate = PyType_FromSpec(&gate_spec);
    if (made == NULL || channel == NULL || loop == NULL || gate == NULL ||
        PyModule_AddIntConstant(made, "API", API) < 0 || PyModule_AddObject(made, "Channel", channel) < 0 ||
        PyModule_AddObject(made, "Loop", loop) < 0 || PyModule_AddObject(made, "Gate", gate) < 0)
        return NULL;
    Py_INCREF(gate);
    gate_type = (PyTypeObject *)gate;
    Py_INCREF(loop);
    loop_type = (PyTypeObject *)loop;
    return made;
}
