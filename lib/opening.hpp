// One open, from the name to the record.
#ifndef TENURE_LIB_OPENING_HPP
#define TENURE_LIB_OPENING_HPP

#include "gated_lock.hpp"
#include "loader_turn.hpp"
#include "plugin_host.hpp"
#include "registry.hpp"
#include "resolve.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace tenure::inline v1::detail {

struct loaded { // what the system gave
  void* handle = nullptr;
  os::mapped_image image;
  std::string path;
  duration took;
  std::unique_ptr<os::reference_baseline> references; // if a close may ask for them
  plugin_side side;
  std::unique_ptr<host_seat> seat; // if the module talks to its host
  bool loaded_by_us = false;       // not adopted, nor found by an address
  bool copied = false;             // from a private copy, which is to be discarded with the module
  bool looked_at = false;          // `side` is known
};

// What an open does that found no module in use by that name. Null with `why`.
record* open_slowly(registry& g, path_view path, const open_options& options, failure& why) noexcept;

// Asks the system for a module, in this thread's turn. False with `fault`.
bool system_open(const std::string& path, const open_options& options, loaded& out, os::fault& fault);
// Gives one of the system's references back.
void system_close(void* handle);

class opening {
public:
  opening(registry& g, const open_options& options, failure& why) noexcept
      : g_(g)
      , options_(options)
      , why_(why) {}

  record* by_name(std::string name);
  // `borrowed`: on failure the handle stays the caller's.
  record* by_handle(loaded& seen, const std::string& name, bool borrowed = false);

private:
  enum class answer { settled, load, join };

  record* by_file(const location& where);
  record* load(module_record& r, const location& where);
  bool refused(const location& where);
  record* load_again_beside(const location& where);
  record* by_system(location& where);
  answer decide_locked(const location& where, module_record*& r);
  answer reenter_locked(module_record& r);
  bool await_locked(const module_record& r, patience_left& left);
  module_record* find_settled_locked(const loaded& seen, const os::file_identity& file);
  record* failed(const os::fault& fault, std::string_view path) noexcept;
  record* give_up_locked(module_record& r) noexcept;
  void give_up(module_record& r) noexcept;
  void begin_locked(module_record*& r, const location& where, bool copied);
  void begin_image_locked(module_record*& r, const loaded& seen, const os::file_identity& file);
  static void renew_symbols_locked(module_record& r, const loaded& seen);
  record* publish_locked(module_record& r, loaded& seen);
  static bool still_ours(const module_record& r) noexcept;
  bool look_at_side(loaded& seen);
  bool prepare(loaded& seen);
  static const host_seat& seat_locked(module_record& r, loaded& seen) noexcept;
  bool greet(const plugin_side& side, const host_seat& seat, const char* path) noexcept;
  record* welcome(module_record& r, loaded& seen, const host_seat& seat, bool borrowed);
  record* turn_away(module_record& r, loaded& seen, bool borrowed) noexcept;
  record* publish_to_nobody(module_record& r, loaded& seen) noexcept;
  record* welcome_late(module_record& r, const host_seat& seat) noexcept;
  void note_references(loaded& seen) const noexcept;
  bool load_copy(const location& where, loaded& seen, os::fault& fault);
  bool try_spellings(const location& where, loaded& seen, os::fault& fault);
  void remember_name_locked(module_record& r);
  void come_back_locked(module_record& r, std::string_view path) noexcept;

  registry& g_;
  const open_options& options_;
  failure& why_;
  std::string name_; // as given; remembered if it means the same file for ever
};

} // namespace tenure::inline v1::detail

#endif
