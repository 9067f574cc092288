#include <tenure/observers/probes.hpp>

#if defined(TENURE_HAS_SDT)
#  include <sys/sdt.h>
#endif

namespace tenure::inline v1 {

#if defined(TENURE_HAS_SDT)

namespace {

int reason_of(const event& e) noexcept {
  return e.kind == event_kind::lingering ? static_cast<int>(e.reason) : static_cast<int>(e.error);
}

} // namespace

// A probe's name is part of the instruction, so each has its own.
#  define TENURE_PROBE(kind)                                                                                 \
  case event_kind::kind:                                                                                     \
    DTRACE_PROBE5(tenure, kind, e.path, e.took.nanoseconds, e.life, reason_of(e), e.detail);                 \
    break

void event_probes::operator()(const event& e) noexcept {
  switch (e.kind) {
    TENURE_PROBE(opened);
    TENURE_PROBE(loaded);
    TENURE_PROBE(revived);
    TENURE_PROBE(idled);
    TENURE_PROBE(vetoed);
    TENURE_PROBE(deferred);
    TENURE_PROBE(closed);
    TENURE_PROBE(lingering);
    TENURE_PROBE(failed);
    TENURE_PROBE(swept);
  }
}
#  undef TENURE_PROBE

bool event_probes::exist() noexcept { return true; }

#else

void event_probes::operator()(const event&) noexcept {}
bool event_probes::exist() noexcept { return false; }

#endif

} // namespace tenure::inline v1
