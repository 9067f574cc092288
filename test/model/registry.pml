/* The state machine of a registry, for Spin: THREADS threads use MODULES modules ROUNDS times each, under a policy that
 * closes at once (-DPOLICY=0) or that parks one module (-DPOLICY=1, deferred_one).
 *
 * What is shown, over all interleavings:
 *   - a module that somebody holds a reference to is open, and is not closed       (assert in `use`, `close`)
 *   - nor while a thread that dropped the last reference has not arrived            (assert in `close`)
 *   - the policy gets no module that it has already                                (assert in `settle`)
 *   - at the end no module is lost: it is absent, or the policy knows it           (the process `judge`)
 *   - nobody waits for ever                                                        (Spin's invalid end states)
 *
 * Step here            function there
 *   try_share            detail::try_share            include/tenure/detail/count.hpp
 *   try_acquire          detail::try_acquire          include/tenure/detail/count.hpp
 *   release              detail::release, is_last     include/tenure/detail/count.hpp
 *   last_dropped         detail::last_dropped         lib/registry.cpp
 *   acquire_locked       registry::acquire_locked     lib/registry.cpp
 *   settle               registry::settle_locked, policies' `idled`
 *   claim                registry::claim_one_locked   lib/registry.cpp
 *   close                close_one, record_result_locked  lib/closing.cpp
 *   open                 opening::by_file, load, publish_locked  lib/opening.cpp
 *   weak_lock            detail::lock_weak            lib/registry.cpp
 * An atomic word of the code is one atomic step here; the mutex is a mutex; the system's loader is two steps.
 */
#ifndef POLICY
#define POLICY 0
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#define THREADS 3
#define MODULES 2
#define NONE 255

mtype = { absent, loading, opened, closing };

typedef module {
  byte count;
  bit is_open, parked, touched, pending; /* the word */
  mtype phase = absent;
  bit with_policy; /* kept_by == keeper::policy */
  byte heading;    /* threads on their way from the last reference to the mutex: they still touch the record */
}
module m[MODULES];
byte parked_one = NONE; /* deferred_one's list */
bit mutex;
byte running = THREADS;

inline lock() { atomic { mutex == 0 -> mutex = 1 } }
inline unlock() { mutex = 0 }

/* A reference to x was taken: `got`; false if only the holder of the mutex may take one. */
inline try_share(x) {
  atomic {
    if
    :: m[x].is_open && m[x].count > 0 -> m[x].count++; got = 1
    :: else -> got = 0
    fi
  }
}
inline try_acquire(x) {
  atomic {
    if
    :: m[x].is_open && (m[x].count > 0 || m[x].parked) ->
       if
       :: m[x].count == 0 -> m[x].touched = 1
       :: else
       fi;
       m[x].count++;
       got = 1
    :: else -> got = 0
    fi
  }
}

/* mutex held, x open */
inline acquire_locked(x) {
  try_acquire(x);
  if
  :: got
  :: else ->
     was_kept = m[x].with_policy;
     if
     :: parked_one == x -> parked_one = NONE
     :: else
     fi;
     m[x].with_policy = 0;
     atomic { m[x].pending = m[x].pending || !was_kept };
     atomic { m[x].count++ };
     got = 1
  fi
}

/* mutex held: the policy gets x, and may name a victim */
inline settle(x) {
  assert(!m[x].with_policy);
  m[x].with_policy = 1;
#if POLICY == 0
  victim = x
#else
  victim = (parked_one != x -> parked_one : NONE);
  parked_one = x;
  atomic { m[x].parked = 1 }
#endif
}

/* mutex held: `claimed` if x may be closed by this thread */
inline claim(x) {
  claimed = 0;
  was_used = 0;
  atomic {
    if
    :: m[x].count > 0 -> m[x].parked = 0; m[x].touched = 0
    :: m[x].count == 0 && m[x].touched -> m[x].parked = 0; m[x].touched = 0; was_used = 1
    :: else -> m[x].is_open = 0; m[x].parked = 0; m[x].pending = 0; claimed = 1
    fi
  };
  m[x].with_policy = 0;
  if
  :: claimed -> m[x].phase = closing
  :: else
  fi
}

/* mutex held: claims what the policy names, and again if it hands something back; `doomed` is what to close */
inline claim_all() {
  doomed = NONE;
  do
  :: victim == NONE -> break
  :: victim != NONE ->
     current = victim;
     victim = NONE;
     claim(current);
     if
     :: claimed -> doomed = current; break
     :: was_used -> settle(current)
     :: else -> break
     fi
  od
}

inline close(x) {
  assert(m[x].count == 0 && m[x].heading == 0 && m[x].phase == closing);
  skip; /* the system's close runs here, without the mutex */
  assert(m[x].count == 0);
  lock();
  m[x].phase = absent;
  unlock()
}

inline last_dropped(x) {
  victim = NONE;
  lock();
  m[x].heading--;
  atomic { m[x].pending = 0; idle_now = (m[x].count == 0) };
  if
  :: idle_now && m[x].phase == opened -> settle(x)
  :: else
  fi;
  claim_all();
  unlock();
  if
  :: doomed != NONE -> close(doomed)
  :: else
  fi
}

inline release(x) {
  atomic {
    is_last = (m[x].count == 1 && !m[x].parked && !m[x].pending);
    m[x].count--;
    m[x].heading = m[x].heading + is_last
  };
  if
  :: is_last -> last_dropped(x)
  :: else
  fi
}

inline use(x) { assert(m[x].phase == opened && m[x].is_open && m[x].count > 0) }

inline open(x) {
  try_share(x);
  if
  :: got
  :: else ->
     lock();
     do
     :: m[x].phase == opened -> acquire_locked(x); unlock(); break
     :: m[x].phase == absent ->
        m[x].phase = loading;
        atomic { m[x].pending = 1 };
        unlock();
        skip; /* the system's load runs here, without the mutex */
        lock();
        m[x].phase = opened;
        atomic { m[x].count++ };
        atomic { m[x].is_open = 1 };
        atomic { m[x].pending = 0 };
        got = 1;
        unlock();
        break
     :: m[x].phase == loading || m[x].phase == closing ->
        unlock();
        (m[x].phase == opened || m[x].phase == absent); /* registry::changed */
        lock()
     od
  fi
}

inline weak_lock(x) {
  try_acquire(x);
  if
  :: got
  :: else ->
     lock();
     if
     :: m[x].phase == opened -> acquire_locked(x)
     :: else -> got = 0
     fi;
     unlock()
  fi
}

proctype user() {
  byte x, rounds, victim = NONE, doomed = NONE, current = NONE;
  bit got, was_kept, was_used, claimed, idle_now, is_last;
  do
  :: rounds == ROUNDS -> break
  :: rounds < ROUNDS ->
     rounds++;
     select(x : 0 .. MODULES - 1);
     if
     :: true -> open(x)
     :: true -> weak_lock(x)
     fi;
     if
     :: got -> use(x); release(x)
     :: else
     fi;
     got = 0; was_kept = 0; was_used = 0; claimed = 0; idle_now = 0; is_last = 0;
     victim = NONE; doomed = NONE; current = NONE
  od;
  running--
}

/* Nothing is lost: without references a module is absent, or the policy has it. */
proctype judge() {
  byte x;
  running == 0 ->
  for (x : 0 .. MODULES - 1) {
    assert(m[x].count == 0);
    assert(m[x].phase == absent || (m[x].phase == opened && m[x].with_policy && m[x].parked && parked_one == x))
  }
}

init {
  byte i;
  atomic {
    for (i : 1 .. THREADS) { run user() }
    run judge()
  }
}
