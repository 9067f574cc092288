// Registries whose manager is gone, with modules whose references are counted where nobody hears of it: the next manager
// that looks at such counts looks at theirs, too.
#ifndef TENURE_LIB_ORPHANS_HPP
#define TENURE_LIB_ORPHANS_HPP

#include "registry.hpp"

namespace tenure::inline v1::detail {

// Pre: the caller has a share of the registry, and no lock. Nothing happens where it has no module.
void leave_orphan(registry& g) noexcept;

// Closes what has come out of use since. Pre: no lock.
void close_orphans() noexcept;

} // namespace tenure::inline v1::detail

#endif
