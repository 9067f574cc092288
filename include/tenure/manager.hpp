// The manager: opens modules and, by its policy, lets them go.
#ifndef TENURE_MANAGER_HPP
#define TENURE_MANAGER_HPP

#include <tenure/detail/observing.hpp>
#include <tenure/detail/registry.hpp>
#include <tenure/module.hpp>
#include <tenure/module_list.hpp>
// All of Tenure's own policies, so that TENURE_DEFAULT_POLICY may name any of them. They cost next to
// nothing.
#include <tenure/policies/adaptive.hpp>
#include <tenure/policies/deferred.hpp>
#include <tenure/policies/distributed.hpp>
#include <tenure/policies/final_close.hpp>
#include <tenure/policies/immediate.hpp>
#include <tenure/policies/keep_warm.hpp>
#include <tenure/policies/limit_idle_bytes.hpp>
#include <tenure/policies/periodic_sweep.hpp>
#include <tenure/policies/resident.hpp>

#if !defined(TENURE_DEFAULT_POLICY)
#  define TENURE_DEFAULT_POLICY ::tenure::policy::deferred_one
#endif

namespace tenure::inline v1 {
namespace detail {
struct manager_access { // for what is told of a manager in a header of its own
  template <class Manager> static registry& registry_of(const Manager& m) noexcept { return *m.registry_; }
};
} // namespace detail
} // namespace tenure::inline v1

namespace TENURE_HANDLES {

// Owns a registry of modules and a policy that says when idle ones go. The application owns the manager;
// there is no global one. When not to use it: two managers for the same plug-ins; each holds its own
// reference of the system's, so neither's close unmaps while the other holds. Obtained from: its constructor;
// a move; one that was moved from may only be destroyed or assigned to. Not copyable. Threads: every call
// from any thread at the same time, and from inside a module. Not while it is destroyed or moved. Destroying
// closes what is idle at that moment and leaves active modules to their handles, which close them at their
// last release.
template <unload_policy Policy = TENURE_DEFAULT_POLICY, departure_check Check = departure_check::own_stack,
          manager_observer Observer = no_observer>
class manager {
public:
  // The policy.
  using policy_type = Policy;

  // `observer`: moved in, and told of events (event.hpp) to the end of the manager, at which it is destroyed.
  // Errors: out_of_memory.
  explicit manager(Policy policy = Policy(), const manager_options& options = {},
                   Observer observer = Observer()) {
    failure why;
    registry_ = detail::make_registry(detail::policy_table_of<Policy>, &policy, options, Check, why);
    if (registry_ == nullptr) detail::raise(static_cast<failure&&>(why));
    if constexpr (event_sink<Observer>) own(observer);
  }
  // With the policy as it is by default. Errors: out_of_memory.
  explicit manager(const manager_options& options)
      : manager(Policy(), options) {}
  manager(manager&& other) noexcept
      : registry_(other.registry_) {
    other.registry_ = nullptr;
  }
  manager& operator=(manager&& other) noexcept {
    detail::registry* const mine = registry_;
    registry_ = other.registry_;
    other.registry_ = mine;
    return *this;
  }
  ~manager() {
    if (registry_ != nullptr) detail::retire_registry(*registry_);
  }

  // Loads a module, or gives another reference to the one that is loaded.
  // A bare name ("flac") is decorated (libflac.so, flac.dll, libflac.dylib) and looked for in the search
  // path, in order; a path with a folder is taken as it is, and decorated only if it does not exist. Never
  // the current directory by accident. Effect: one load however many threads ask; a failed open leaves
  // nothing behind and unloads nothing. Threads: what is in use is given without waiting; else waits for
  // another thread that is loading or closing the same module, and, where the system's loader takes one call
  // at a time (glibc), for its call, open_options::patience at most. Errors: any of errc's first six groups.
  [[nodiscard]] module open(path_view path, const open_options& options = usual_options TENURE_AND_TAKEN_HERE) {
    return handle(detail::open_or_raise(*registry_, path, options) TENURE_AND_TAKEN);
  }
  template <detail::error_sink S>
  [[nodiscard]] module open(path_view path, const open_options& options,
                            S& sink TENURE_AND_TAKEN_HERE) noexcept {
    failure why = detail::failure_for<S>();
    return reported(detail::open_module(*registry_, path, options, why), why, sink TENURE_AND_TAKEN);
  }
  template <detail::error_sink S>
  [[nodiscard]] module open(path_view path, S& sink TENURE_AND_TAKEN_HERE) noexcept {
    return open(path, usual_options, sink TENURE_AND_TAKEN);
  }

  // A reference to a module that is loaded, active or idle; an empty handle if it is not. Never loads.
  [[nodiscard]] module open_if_loaded(path_view path TENURE_AND_TAKEN_HERE) noexcept {
    static constexpr open_options options{.no_load = true};
    failure ignored; // "not loaded" is an answer here
    return handle(detail::open_module(*registry_, path, options, ignored) TENURE_AND_TAKEN);
  }

  // Takes over one reference of the system's: what dlopen or LoadLibrary returned.
  // Effect: on success the manager closes it when the policy says so; on failure it stays the caller's.
  // Errors: foreign_handle (not a handle that the system knows), module_shut_down, loader_busy, those of a
  // plug-in's refusal, out_of_memory.
  [[nodiscard]] module adopt(void* native_handle TENURE_AND_TAKEN_HERE) {
    failure why;
    return checked(detail::adopt_module(*registry_, native_handle, why), why TENURE_AND_TAKEN);
  }
  template <detail::error_sink S>
  [[nodiscard]] module adopt(void* native_handle, S& sink TENURE_AND_TAKEN_HERE) noexcept {
    failure why = detail::failure_for<S>();
    return reported(detail::adopt_module(*registry_, native_handle, why), why, sink TENURE_AND_TAKEN);
  }

  // The module whose code or data contains an address. Errors: no_module_at_address, loader_blocked,
  // loader_busy, module_shut_down, out_of_memory.
  [[nodiscard]] module containing(const void* address TENURE_AND_TAKEN_HERE) {
    failure why;
    return checked(detail::module_containing(*registry_, address, why), why TENURE_AND_TAKEN);
  }
  template <detail::error_sink S>
  [[nodiscard]] module containing(const void* address, S& sink TENURE_AND_TAKEN_HERE) noexcept {
    failure why = detail::failure_for<S>();
    return reported(detail::module_containing(*registry_, address, why), why, sink TENURE_AND_TAKEN);
  }

  // Registers a module that is linked into the program; open(name) then gives handles to it, under the same
  // interface. Pre: name and symbols outlive the registry (string literals, static arrays). Errors:
  // already_registered, name_missing.
  template <std::size_t Count>
  module add_static(const char* name, const static_symbol (&symbols)[Count] TENURE_AND_TAKEN_HERE) {
    failure why;
    return checked(detail::add_static_module(*registry_, name, symbols, Count, why), why TENURE_AND_TAKEN);
  }

  // Appends a folder to the search path of bare names. Errors: those of paths.
  void add_search_path(path_view folder) {
    failure why;
    if (!detail::add_search_path(*registry_, folder, why)) detail::raise(static_cast<failure&&>(why));
  }
  template <detail::error_sink S> void add_search_path(path_view folder, S& sink) noexcept {
    failure why = detail::failure_for<S>();
    static_cast<void>(detail::add_search_path(*registry_, folder, why));
    detail::report_into(sink, static_cast<failure&&>(why));
  }

  // Asks the policy what is due, closes it, and tries again what was deferred or lingers.
  // The form with a delay overrides the policy's for this call; zero closes everything idle that has no veto.
  // `check`: what is asked before each close this time; never less than the manager's own level.
  unload_report sweep(departure_check check = Check) noexcept {
    return detail::sweep_registry(*registry_, nullptr, check);
  }
  // With a delay in place of the policy's; see above.
  unload_report sweep(duration delay, departure_check check = Check) noexcept {
    return detail::sweep_registry(*registry_, &delay, check);
  }
  // When a sweep would next find something to do, in the manager's time; `never` if it would not. For event
  // loops.
  [[nodiscard]] time_point next_due() const noexcept { return detail::next_due_of(*registry_); }
  // The time of the manager's clock.
  [[nodiscard]] time_point now() const noexcept { return detail::now_of(*registry_); }

  // Closes everything idle, whatever the policy's patience. Explicit, idempotent, callable by a library and
  // by its application; active modules are left alone and reported busy. The manager can be used again
  // afterwards. From inside a module that one is deferred and the others are closed (Symbian:
  // REComSession::FinalClose).
  // `check`: as in sweep.
  unload_report final_close(departure_check check = Check) noexcept {
    return detail::final_close_registry(*registry_, check, false);
  }
  // As final_close, but asks nothing before a close and takes no vote. Pre: no code of an idle module is on
  // any stack, and nothing points into one; else the process dies later. For tests, and for a process that
  // ends anyway.
  unload_report force_close() noexcept {
    return detail::final_close_registry(*registry_, departure_check::none, true);
  }

  // From now on `who` is told of events: see event_sink and event_observer, which say when and by which
  // thread. Modules that are there already are not told of. It must live until stop_observing(), or the end
  // of the manager. Observing costs: a revive and a last release go by the manager's mutex. Errors:
  // already_observed, empty_observer, out_of_memory, unsupported.
  template <event_sink O> void observe(O& who) { observe(event_observer{detail::tell_observer<O>, &who}); }
  // The same for whoever is no class; the context must live as long.
  void observe(event_observer who) {
    failure why;
    if (!detail::observe_registry(*registry_, who, why)) detail::raise(static_cast<failure&&>(why));
  }
  template <detail::error_sink S> void observe(event_observer who, S& sink) noexcept {
    failure why = detail::failure_for<S>();
    static_cast<void>(detail::observe_registry(*registry_, who, why));
    detail::report_into(sink, static_cast<failure&&>(why));
  }
  // Effect: tells what is noted; when it returns, nobody is told any more. Waits for another thread that is
  // telling; from the observer itself, or inside the loader, it does not, and drops what is left. Idempotent.
  void stop_observing() noexcept { detail::stop_observing(*registry_); }
  // The observer of the manager's type.
  [[nodiscard]] Observer& observer() const noexcept requires event_sink<Observer> {
    return *static_cast<Observer*>(detail::owned_observer_of(*registry_));
  }

  // What is loaded now, and why it stays. Closes nothing.
  [[nodiscard]] unload_report report() const noexcept { return detail::report_of(*registry_); }
  // The counts. Takes the mutex for a look at each module.
  [[nodiscard]] manager_stats stats() const noexcept { return detail::stats_of(*registry_); }
  // All modules, the counts and the time, of one moment. Asks nobody outside: neither files nor the system.
  [[nodiscard]] module_list modules() const noexcept { return detail::modules_of(*registry_); }
  // The same in words, for a log or a debugger, or as JSON. Threads: any, at any time, also inside a module
  // and in an observer. Errors: out_of_memory.
  [[nodiscard]] text dump(dump_format format = dump_format::lines) const {
    return detail::dump_of(*registry_, format);
  }

private:
  friend class sweeper;
  friend struct detail::manager_access;
  static module handle(detail::record* r TENURE_AND_TAKEN_HERE) noexcept {
    return detail::handle_access::adopt_reference(r TENURE_AND_TAKEN);
  }
  static module checked(detail::record* r, failure& why TENURE_AND_TAKEN_HERE) {
    if (r == nullptr) detail::raise(static_cast<failure&&>(why));
    return handle(r TENURE_AND_TAKEN);
  }
  template <class S>
  static module reported(detail::record* r, failure& why, S& sink TENURE_AND_TAKEN_HERE) noexcept {
    detail::report_into(sink, static_cast<failure&&>(why));
    return r != nullptr ? handle(r TENURE_AND_TAKEN) : module();
  }

  void own(Observer& observer) {
    failure why;
    if (detail::own_observer(*registry_, detail::observer_table_of<Observer>, &observer, why)) return;
    detail::retire_registry(*registry_);
    detail::raise(static_cast<failure&&>(why));
  }

  detail::registry* registry_;
};

} // namespace TENURE_HANDLES

#endif
