// How a manager works and how a module is opened.
#ifndef TENURE_OPTIONS_HPP
#define TENURE_OPTIONS_HPP

#include <tenure/duration.hpp>

namespace tenure::inline v1 {

// What is looked at between "the policy chose a victim" and "the system is asked to close it". Each level
// contains the one before. What is found only postpones the close to a later safe point.
enum class departure_check : unsigned char {
  none,      // close without looking: for measurements
  own_stack, // this thread's stack and its exceptions in flight: half a microsecond
  threads,   // all other threads, without their help: ten microseconds for each that waits, more for one that
             // runs
  references // all writable memory, handlers and hooks: 0.2 ms in a small process, 25 ms with 100 MiB. Linux
};

// What is looked at in a file before the system's loader sees it.
enum class file_check : unsigned char {
  none,    // for measurements
  headers, // type, machine, and whether the file is whole: about 4 microseconds
  tables,  // also symbols, hashes and relocations: about 15 microseconds
  trial,   // also loads and closes it in a child process first, whose death is an error here: about a
         // millisecond. Its initialisers run there, too. Where there is no fork() it is `tables`
};

// What becomes of the addresses of a module that is gone. Costs two microseconds a close and address space,
// no memory; after 1,024 modules the oldest addresses are given back.
enum class quarantine : unsigned char {
  off,     // the system may put the next module there: a stale pointer then runs its code
  reserve, // nothing is put there: a stale pointer faults
  explain, // and the fault is told on the standard error output: which module, when, by whom and why it was
           // closed; then whoever handled SIGSEGV, SIGBUS or access violations before does so. Installs a
           // handler.
};

// In builds without optimisation and without NDEBUG a stale pointer is explained.
#if defined(NDEBUG) || defined(__OPTIMIZE__)
inline constexpr quarantine default_quarantine = quarantine::off;
#else
inline constexpr quarantine default_quarantine = quarantine::explain;
#endif

// Where a manager gets its time. The default is the system's monotonic clock; tests and simulations give
// their own. Threads: called under the registry's mutex, from any thread; must not call the manager.
struct clock_source {
  time_point (*now)(void* context) noexcept = nullptr; // null: the system's monotonic clock
  void* context = nullptr; // handed to the call
};

class unload_report;

// Who is told when a manager ends with modules loaded, that is without a final close after the last open, or with handles
// alive: what became of each. Called once, by the thread that destroys the manager, outside every lock. Symbian's
// debug builds panicked there.
struct forgotten_close {
  void (*told)(void* context, const unload_report& report) noexcept = nullptr; // null: nobody
  void* context = nullptr; // handed to the call
};

// What a manager is made with.
struct manager_options {
  file_check check = file_check::headers; // what is looked at before the loader sees a file
  clock_source clock{}; // whose time
  quarantine stale_pointers = default_quarantine; // what becomes of addresses of modules that are gone
  // Notes at each load what the loader itself keeps of the module, so that a close may ask for `references`.
  // Always so for a manager of that level. Costs such a search at each load. What an initialiser leaves with
  // others is noted with it, as its finaliser's business: where that does not take it back, no close finds
  // it.
  bool remember_references = false;
  forgotten_close forgotten{}; // who hears of an end without a final close
  // A final close that leaves modules in use, of which there are eight at most, looks in all memory who holds them, and names
  // those that hold each other. Costs 0.2 ms for each in a small process, 25 ms with 100 MiB: not for programs that make
  // a final close again and again. Linux with glibc on x86-64.
  bool find_cycles = true;
  // After the manager's own search path, a bare name is looked for as the system does it (never in the
  // current directory).
  bool system_search = true;
};

// How long a call waits at most for one call that another thread has in the system's loader, on a clock that nobody sets.
// Longer than initialisers take.
inline constexpr duration default_patience = seconds(10);

// How one module is opened. Only the open that loads it decides; later opens of the same module share what is
// loaded.
//   modules.open("plugins/flac", {.global = true});
struct open_options {
  bool lazy =
      false; // bind functions at their first call. Default: now, so that a missing one is an error here
  bool global =
      false; // let later modules bind to its symbols. Default: local, no interposition between modules
  bool deep_bind = false; // prefer its own symbols to the program's. glibc only, elsewhere errc::unsupported
  bool no_load = false;   // only if it is loaded already: else errc::not_loaded, or file_not_found
  // Windows: also look for its dependencies in the folders of PATH. Default: its own folder and the system's.
  bool legacy_search = false;
  // From a copy that nobody else has: the file may be overwritten or cut off while the module is in use, and an image
  // that the system still keeps is not given back as if it were new. Costs the copying, and the pages are not shared.
  bool private_copy = false;
  // How long this open waits for one load or close of another thread; then errc::loader_busy, which names that thread and
  // its module. It is answered at once where that thread is seen to wait for a mutex that this one holds, or for this one's
  // end (Linux with glibc): then no wait would help. duration(0): without a limit.
  // What is in use is opened without a wait. A close and a look-up wait for default_patience; a close is then put off.
  // Not seen are loads that others make without this library (dlopen, the first use of a thread_local, a thread's end):
  // those are waited for inside the loader, as long as it takes. Nor is a limit kept where the loader runs initialisers
  // of several threads side by side (musl, macOS, the BSDs).
  duration patience = default_patience;
};
// What an open does that is told nothing else.
inline constexpr open_options usual_options{};

} // namespace tenure::inline v1

#endif
