#include "debug_layout.hpp"

#include "holder_table.hpp"
#include "registry.hpp"

#include <cstddef>

namespace tenure::inline v1::detail {

// offsetof of a class with bases: both compilers know it where there is no virtual one.
#pragma GCC diagnostic ignored "-Winvalid-offsetof"

#define TENURE_AT(type, member) static_cast<std::uint32_t>(offsetof(type, member))

constinit const debug_layout debug_layout_of_library = {
    1,
    (offsetof(debug_layout, note) + sizeof(debug_layout::note) - offsetof(debug_layout, record)) /
        sizeof(std::uint32_t),
    {TENURE_AT(module_record, refs), TENURE_AT(module_record, owner), TENURE_AT(module_record, generation),
     TENURE_AT(module_record, names), TENURE_AT(module_record, state), TENURE_AT(module_record, kept_by),
     TENURE_AT(module_record, pins), TENURE_AT(module_record, reason), TENURE_AT(module_record, loads),
     TENURE_AT(module_record, evidence), TENURE_AT(module_record, static_symbols),
     TENURE_AT(module_record, next_record)},
    {sizeof(name_node)},
    {TENURE_AT(registry, records)},
    {TENURE_AT(os::fork_watcher, next), TENURE_AT(os::fork_watcher, prepare),
     TENURE_AT(os::fork_watcher, context)},
    {holder_shards, sizeof(holder_shard), TENURE_AT(holder_shard, buckets), TENURE_AT(holder_shard, size)},
    {TENURE_AT(holder_note, next), TENURE_AT(holder_note, held), TENURE_AT(holder_note, generation),
     TENURE_AT(holder_note, since), TENURE_AT(holder_note, thread), TENURE_AT(holder_note, line),
     TENURE_AT(holder_note, count), TENURE_AT(holder_note, kind), TENURE_AT(holder_note, file),
     TENURE_AT(holder_note, function), TENURE_AT(holder_note, name), sizeof(holder_note)},
    &os::fork_watchers,
    registry::hold_for_fork,
    &the_holder_table,
};

// A handle points at the part of a record that it knows; that is where the record begins.
static_assert(offsetof(module_record, refs) == offsetof(record, refs));

} // namespace tenure::inline v1::detail
