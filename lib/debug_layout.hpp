// Where a debugger finds what it shows (package/gdb/tenure-gdb.py), also in a core file, and in a library
// without debug information: offsets in bytes, and two addresses. Nothing in a program reads it.
#ifndef TENURE_LIB_DEBUG_LAYOUT_HPP
#define TENURE_LIB_DEBUG_LAYOUT_HPP

#include "os/fork.hpp"

#include <tenure/detail/export.hpp>

#include <cstdint>

namespace tenure::inline v1::detail {

struct holder_table;

// The numbers stand in the order in which the script names them. What is added goes to the end of each half;
// what is moved or goes makes a new version.
struct debug_layout {
  std::uint32_t version;
  std::uint32_t numbers; // how many follow
  struct {
    std::uint32_t refs, owner, generation, names, state, kept_by, pins, reason, loads, evidence,
        static_symbols, next;
  } record;
  struct {
    std::uint32_t text; // behind the node
  } name;
  struct {
    std::uint32_t records;
  } registry;
  struct {
    std::uint32_t next, prepare, context;
  } watcher;
  struct {
    std::uint32_t shards, shard_bytes, buckets, size;
  } holders;
  struct {
    std::uint32_t next, held, generation, since, thread, line, count, kind, file, function, name, texts;
  } note;
  const void*
      first_watcher; // the address of the list's head, null where there is none; each registry is in it ...
  os::fork_watcher::callback registry_mark; // ... and is told by its `prepare`
  const void* holder_table;                 // the address of the pointer to it
};

extern TENURE_API const debug_layout debug_layout_of_library;

} // namespace tenure::inline v1::detail

#endif
