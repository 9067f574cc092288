// The machine in JSON.
#ifndef TENURE_BENCH_SUPPORT_MACHINE_JSON_HPP
#define TENURE_BENCH_SUPPORT_MACHINE_JSON_HPP

#include "machine.hpp"

#include <nlohmann/json.hpp>

namespace bench {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(machine, processor, system, kernel, libc, cores, load, compiler, flags,
                                   date)

} // namespace bench

#endif
