// One manager, 64 modules, and everything that threads may do with them.
#ifndef TENURE_TEST_STRESS_PLAYGROUND_HPP
#define TENURE_TEST_STRESS_PLAYGROUND_HPP

#include "modules/interface.hpp"
#include "os/os.hpp"
#include "stress/operations.hpp"
#include "stress/oracle.hpp"
#include "support/closed.hpp"
#include "support/emulated.hpp"
#include "support/invariants.hpp"
#include "support/sanitizers.hpp"
#include "support/scratch.hpp"

#include <tenure/api.hpp>
#include <tenure/cached_symbol.hpp>
#include <tenure/class_table.hpp>
#include <tenure/controller.hpp>
#include <tenure/dependency.hpp>
#include <tenure/end.hpp>
#include <tenure/factory.hpp>
#include <tenure/keyed.hpp>
#include <tenure/lock_owner.hpp>
#include <tenure/shortcut.hpp>
#include <tenure/tenure.hpp>
#include <tenure/thread.hpp>
#include <tenure/token.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <type_traits>

namespace stress {

constexpr std::size_t thread_count = 16;
constexpr std::size_t shared_files = 48; // and one of its own for each thread: 64

inline std::atomic<int> alive{0}; // images that were initialised and not finalised

inline int built_in_answer() { return 42; }
inline const tenure::static_symbol built_in_symbols[] = {
    {"answer", reinterpret_cast<void*>(&built_in_answer)}};

// What one thread holds.
struct hands {
  std::size_t number;
  std::mt19937_64 random;
  std::array<tenure::module, 6> modules{};
  std::array<tenure::weak_module, 6> weak{};
  std::array<tenure::symbol<int()>, 2> symbols{};
  std::array<tenure::instance<widget>, 2> objects{};
  tenure::cached_symbol<int()> cached{};
  std::optional<tenure::factory<widget>> widgets{};
  tenure::pin pinned{};
  tenure::lock_owner locks{"a thread of the stress run"};

  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random() % n); }
  template <class Array> auto& any(Array& a) { return a[below(a.size())]; }
};

template <class P, tenure::departure_check Check> class playground {
public:
  explicit playground(const char* name)
      : name_(name)
      , alive_before_(alive)
      , modules_(options()) {
    modules_.add_search_path(folder_.folder());
    modules_.add_static("built_in", built_in_symbols);
    bad_ = folder_.write("bad.so", "not a module");
    for (std::size_t i = 0; i != shared_files; ++i) {
      names_[i] = "m" + std::to_string(i);
      files_[i] = folder_.copy(i % 2 == 0 ? "subject" : "talker", names_[i] + suffix());
    }
    for (std::size_t i = 0; i != thread_count; ++i)
      own_files_[i] = folder_.copy("subject", "own" + std::to_string(i) + suffix());
  }

  static constexpr bool keeps_pages = requires { requires P::keeps_pages; };
  [[nodiscard]] const char* name() const { return name_; }

  // What is refused because of a shutdown is not counted.
  void step(hands& t, operation what) {
    try {
      if (act(t, what)) count(what);
    } catch (const tenure::error& e) {
      static_cast<void>(done_or_shut_down(e.why()));
    }
  }

  // Once a thread holds nothing any more: what waits for it to leave a module goes now.
  void safe_point() { static_cast<void>(modules_.sweep()); }

  // No other thread is left.
  void finish() {
    for (slot& s : mailbox_) s.content.reset();
    const auto last = modules_.final_close();
    // A dead pointer may make a module wait, and with it those that it needs; what is forced goes all the
    // same.
    const bool waits =
        Check >= tenure::departure_check::threads && last.count(tenure::unload_outcome::deferred) != 0;
    for (const tenure::unload_entry& e : last)
      demand((e.outcome != tenure::unload_outcome::busy || waits) &&
                 e.outcome != tenure::unload_outcome::pinned && e.outcome != tenure::unload_outcome::vetoed &&
                 e.outcome != tenure::unload_outcome::failed,
             "nobody holds a module at the end",
             std::string(name_) + ": " + e.path + " is " + tenure::to_string(e.outcome) + ", " + e.detail);
    if (Check < tenure::departure_check::threads)
      demand(last.count(tenure::unload_outcome::deferred) == 0, "nothing waits for a thread that has ended",
             name_);
    demand(walk(true).empty(), "the tables agree before the end", walk(true));
    static_cast<void>(tenure_test::holds_at_once([this] { // what waited for a thread that has ended, too
      static_cast<void>(modules_.force_close());
      const tenure::manager_stats s = modules_.stats();
      return keeps_pages || s.loads == s.closes;
    }));
    demand(walk(true).empty(), "the tables agree at the end", walk(true));
    check_counts();
  }

private:
  struct slot {
    std::mutex mutex;
    std::optional<tenure::module> content;
  };
  using functions = tenure::api<tenure::fn<"answer", int()>, tenure::var<"version", int>>;

  static std::string suffix() { return tenure_test::module_suffix("subject"); }
  static tenure::manager_options options() {
    tenure::manager_options o;
    o.stale_pointers = tenure::quarantine::off; // a thousand rounds would take a lot of addresses
    o.find_cycles = Check == tenure::departure_check::references; // where all memory is searched anyway
    return o;
  }

  void check_counts() {
    const tenure::manager_stats s = modules_.stats();
    const std::string counts = std::string(name_) + ": loads " + std::to_string(s.loads) + ", closes " +
                               std::to_string(s.closes) + ", active " + std::to_string(s.active) +
                               ", resident " + std::to_string(s.resident) + ", alive " +
                               std::to_string(alive - alive_before_);
    // The module that is a part of the program has a record to the manager's end.
    demand(s.active == 0, "no reference is left", counts);
    if constexpr (keeps_pages) {
      // Where nothing is ever unmapped, a file that was to be adopted stays beside its private copy, which
      // was shared.
      if (tenure_test::loader_unmaps())
        demand(alive - alive_before_ <= static_cast<int>(shared_files + thread_count),
               "no module is mapped twice", counts);
      return;
    }
    demand(s.loads == s.closes, "each load is undone once", counts);
    if (!tenure_test::loader_unmaps()) return;
    demand(s.resident == 1, "no record is left", counts);
    demand(alive == alive_before_, "each image that was initialised was finalised", counts);
    for (const std::string& file : files_)
      demand(!tenure_test::is_mapped(file), "nothing stays mapped", file);
    for (const std::string& file : own_files_)
      demand(!tenure_test::is_mapped(file), "nothing stays mapped", file);
  }

  bool act(hands& t, operation what) {
    switch (what) {
    case operation::open_path:
      return keep(t, modules_.open(file(t)));
    case operation::open_name:
      return keep(t, modules_.open(names_[t.below(shared_files)]));
    case operation::open_in_use:
      return use(modules_.open_if_loaded(file(t))), true;
    case operation::open_missing:
      return open_missing(t);
    case operation::open_private_copy:
      return keep(t, modules_.open(file(t), {.private_copy = true}));
    case operation::open_impatiently:
      return open_impatiently(t);
    case operation::adopt:
      return adopt(t);
    case operation::find_by_address:
      return find_by_address(t);
    case operation::open_static:
      return use(modules_.open("built_in")), true;
    case operation::copy:
      return use(t.any(t.modules) = tenure::module(t.any(t.modules))), true;
    case operation::release:
      return release(t);
    case operation::release_inside:
      return release_inside(t);
    case operation::weak_lock:
      return use(t.any(t.weak).lock()), true;
    default:
      return act_on_one(t, what);
    }
  }

  bool act_on_one(hands& t, operation what) {
    switch (what) {
    case operation::symbol:
      return (t.any(t.symbols) = open(t).template symbol<int()>("answer"))() == 42;
    case operation::missing_symbol:
      return missing_symbol(open(t));
    case operation::bind:
      return bind(open(t));
    case operation::shortcut:
      return take_shortcut(open(t));
    case operation::cached_symbol:
      return remember(t);
    case operation::create:
      return create(t);
    case operation::factory:
      return manufacture(t);
    case operation::keyed_object:
      return create_keyed(open(t));
    case operation::class_object:
      return serve(open(t));
    case operation::guard:
      return enter(t, open(t));
    case operation::exception:
      return catch_one(open(t));
    case operation::pin:
      return t.pinned = t.below(2) != 0 ? open(t).pin() : tenure::pin(), true;
    case operation::server_lock:
      return lock(t, open(t));
    case operation::dependency:
      return depend(t);
    case operation::token:
      return hold_by_tokens(open(t));
    case operation::shutdown:
      return shut_down(t, open(t));
    default:
      return act_on_all(t, what);
    }
  }

  bool act_on_all(hands& t, operation what) {
    switch (what) {
    case operation::module_thread:
      return run_thread(open(t));
    case operation::hand_over:
      return hand_over(t, open(t));
    case operation::sweep:
      return static_cast<void>(modules_.sweep()), true;
    case operation::sweep_everything:
      return static_cast<void>(modules_.sweep(tenure::duration(0))), true;
    case operation::sweep_threads:
      return static_cast<void>(modules_.sweep(tenure::duration(0), tenure::departure_check::threads)), true;
    case operation::sweep_references:
      if (Check != tenure::departure_check::references)
        return false; // the others have noted nothing at the load
      return static_cast<void>(modules_.sweep(tenure::duration(0), tenure::departure_check::references)),
             true;
    case operation::final_close:
      return static_cast<void>(modules_.final_close()), true;
    case operation::end_of_manager:
      return end(t);
    case operation::report:
      return look_around();
    default:
      return check_tables();
    }
  }

  // --- opens ---

  const std::string& file(hands& t) { return files_[t.below(shared_files)]; }
  tenure::module open(hands& t) { return modules_.open(file(t)); }

  // Whoever holds a module can call it. True if that is so, and false once it was shut down.
  bool use(const tenure::module& m) {
    if (!m) return false;
    tenure::failure why;
    const auto answer = m.symbol<int()>("answer", why);
    if (!done_or_shut_down(why)) return false;
    demand(answer() == 42, "a module that is held gives its answer", m.path());
    return true;
  }
  bool keep(hands& t, tenure::module m) {
    t.any(t.weak) = m;
    return use(t.any(t.modules) = std::move(m));
  }
  bool open_missing(hands& t) {
    tenure::failure why;
    const bool missing = t.below(2) != 0;
    demand(!modules_.open(missing ? folder_.path("absent") : bad_, why), "what is no module is not opened");
    demand(why.code() == (missing ? tenure::errc::file_not_found : tenure::errc::not_a_shared_library),
           "and it is said why", why.what());
    return true;
  }
  // Refused or opened, as it comes.
  bool open_impatiently(hands& t) {
    tenure::failure why;
    const tenure::module m = modules_.open(file(t), {.patience = tenure::duration(1)}, why);
    if (why.code() == tenure::errc::loader_busy) return true;
    return done_or_shut_down(why) && use(m);
  }
  // By somebody who knows nothing of us.
  bool adopt(hands& t) {
    tenure::os::fault fault;
    void* const handle = tenure::os::open(file(t), {}, fault);
    demand(handle != nullptr, "the system opens it", fault.text);
    if (handle == nullptr) return false;
    tenure::failure why;
    tenure::module m = modules_.adopt(handle, why);
    if (!m) tenure::os::close(handle, fault);
    return done_or_shut_down(why) && keep(t, std::move(m));
  }
  bool find_by_address(hands& t) {
    const tenure::module m = open(t);
    const auto answer = m.symbol<int()>("answer");
    tenure::failure why;
    const tenure::module found = modules_.containing(reinterpret_cast<const void*>(answer.get()), why);
    if (!done_or_shut_down(why)) return false;
    demand(found == m, "an address leads to its module",
           std::string(m.path()) + ", found " + found.path() +
               (found.native_handle() == m.native_handle() ? ", of the same handle" : ", of another handle"));
    return true;
  }

  // --- one module ---

  bool release(hands& t) {
    t.any(t.modules).reset();
    t.any(t.symbols) = {};
    t.any(t.objects).reset();
    t.pinned = {};
    return true;
  }
  // Only this thread's stack is asked, at the lowest level: so no other thread has this file, and where
  // others close what is idle a guard holds it.
  bool release_inside(hands& t) {
    tenure::module m = modules_.open(own_files_[t.number]);
    std::optional<tenure::guard> inside;
    if (!std::is_same_v<P, tenure::policy::immediate>) inside.emplace(m);
    const auto call = m.symbol<int(void (*)(void*), void*)>("call_back").get();
    demand(call([](void* held) { static_cast<tenure::module*>(held)->reset(); }, &m) == 1,
           "a call returns into its module");
    return true;
  }
  bool missing_symbol(const tenure::module& m) {
    tenure::failure why;
    const auto nothing = m.symbol<int()>("no_such_function", why);
    if (why.code() == tenure::errc::module_shut_down) return false;
    demand(why.code() == tenure::errc::symbol_not_found, "a name that is not there is told", why.what());
    return !nothing;
  }
  bool bind(const tenure::module& m) {
    const functions f = m.bind<functions>();
    demand(f.template call<"answer">() == 42 && *f.template get<"version">() == 7,
           "an api leads to the module", m.path());
    return true;
  }
  bool take_shortcut(const tenure::module& m) {
    static constinit tenure::shortcut<int()> answer("answer");
    demand(answer.in(m)() == 42, "a shortcut leads to the module", m.path());
    return true;
  }
  bool remember(hands& t) {
    if (const auto known = t.cached.lock()) demand(known() == 42, "what is remembered can be called");
    t.cached = open(t).template symbol<int()>("answer");
    return true;
  }
  bool create(hands& t) {
    auto& place = t.any(t.objects);
    place = open(t).template create<widget>("make_widget");
    demand(place->value() == 42, "an object gives its value");
    return true;
  }
  bool manufacture(hands& t) {
    if (t.widgets)
      if (auto made = t.widgets->create()) demand(made->value() == 42, "a factory's object gives its value");
    t.widgets.emplace(open(t), "make_widget");
    return true;
  }
  bool create_keyed(const tenure::module& m) {
    auto made = objects_.create<widget>(m, "make_widget");
    const tenure::key key = made.release();
    widget* const found = objects_.find<widget>(key);
    demand(found != nullptr && found->value() == 42, "a key leads to its object");
    demand(objects_.destroy(key) == tenure::errc::ok, "a key ends its object");
    demand(objects_.destroy(key) == tenure::errc::key_stale, "and that once");
    return true;
  }
  bool serve(const tenure::module& m) {
    auto object = m.create<widget>("make_widget");
    tenure::class_table classes;
    const tenure::registration r = classes.add("widget", m, object.get());
    {
      const auto client = classes.find<widget>("widget");
      demand(client->value() == 42, "a class object gives its value");
      classes.revoke(r);
    }
    demand(classes.stopping(), "a server stops with its last client");
    return true;
  }
  bool enter(hands& t, tenure::module m) {
    const auto inside = m.enter();
    const auto answer = m.symbol<int()>("answer").get();
    m.reset();
    t.any(t.modules).reset();
    demand(answer() == 42, "a guard holds its module");
    return true;
  }
  bool catch_one(tenure::module m) {
    const auto fails = m.symbol<void()>("throw_own");
    std::exception_ptr kept;
    try {
      m.call([&] { fails(); });
    } catch (const tenure::error&) {
      throw;
    } catch (...) {
      kept = std::current_exception();
    }
    m.reset();
    try {
      if (kept) std::rethrow_exception(kept);
    } catch (const std::exception& e) {
      demand(std::string(e.what()) == "as asked", "an exception holds its module", e.what());
    }
    return kept != nullptr;
  }
  bool lock(hands& t, const tenure::module& m) {
    t.locks.lock(m);
    if (t.below(4) != 0) t.locks.unlock(m); // else its owner's end does
    return true;
  }
  // From some files to some others, so that not everything is held by something in the end.
  bool depend(hands& t) {
    if (keeps_pages) return false; // what stays needs what it needs for ever
    const tenure::module user = modules_.open(files_[t.below(4)]),
                         used = modules_.open(files_[4 + t.below(4)]);
    tenure::failure why;
    const bool added = tenure::depend(user, used, why);
    tenure::failure back;
    if (added && !tenure::depend(used, user, back))
      demand(back.code() == tenure::errc::dependency_cycle || back.code() == tenure::errc::module_shut_down,
             "a circle is refused", back.what());
    else
      demand(!added, "a circle is refused", used.path());
    return added;
  }
  bool hold_by_tokens(const tenure::module& m) {
    std::atomic<int> ended{0};
    bool whole = false;
    {
      tenure::token_source container(m, {[](void* count, const tenure::final_revoke&) noexcept {
                                           ++*static_cast<std::atomic<int>*>(count);
                                         },
                                         &ended});
      tenure::failure why;
      tenure::token mine = container.acquire(why);
      tenure::token_source part = container.part();
      tenure::token its = part.acquire();
      const tenure::token_id id = mine.detach();
      container.revoke(id, why);
      its.reset();
      whole = true;
    }
    demand(ended <= 1, "a source ends once");
    return whole;
  }
  bool shut_down(hands& t, tenure::module m) {
    tenure::controller end(m);
    m.reset();
    const auto mode = t.below(2) != 0 ? tenure::shutdown_mode::refuse : tenure::shutdown_mode::force;
    const tenure::shutdown_result r = end.shutdown(tenure::microseconds(100), mode);
    demand(r || r.why.code() == tenure::errc::module_shut_down ||
               r.why.code() == tenure::errc::module_vetoed || r.why.code() == tenure::errc::calls_in_flight,
           "a shutdown is refused for a reason", r.why.what());
    return static_cast<bool>(r);
  }
  bool run_thread(const tenure::module& m) {
    int answer = 0;
    tenure::module_thread running(m, [&answer, call = m.symbol<int()>("answer").get()] { answer = call(); });
    running.join();
    demand(answer == 42, "a module's thread runs its code");
    return true;
  }
  // What this thread holds is another one's to drop.
  bool hand_over(hands& t, tenure::module m) {
    slot& s = t.any(mailbox_);
    std::optional<tenure::module> mine(std::move(m));
    {
      const std::scoped_lock lock(s.mutex);
      s.content.swap(mine);
    }
    return !mine || use(*mine) || true;
  }

  // --- all of them ---

  bool end(hands& t) {
    const auto mode = t.below(2) != 0 ? tenure::end_mode::wait : tenure::end_mode::force;
    static_cast<void>(tenure::end(modules_, mode, tenure::microseconds(100)));
    return true;
  }
  bool look_around() {
    static_cast<void>(modules_.report());
    static_cast<void>(modules_.next_due());
    const tenure::manager_stats s = modules_.stats();
    demand(s.active <= s.resident, "what is active is resident");
    return true;
  }
  [[nodiscard]] std::string walk(bool quiet) {
    return tenure_test::invariant_walk(tenure::detail::manager_access::registry_of(modules_), quiet)
        .complaints();
  }
  bool check_tables() {
    const std::string complaints = walk(false);
    demand(complaints.empty(), "the tables agree at any time", complaints);
    return true;
  }

  const char* name_;
  tenure_test::scratch folder_;
  std::array<std::string, shared_files> names_, files_;
  std::array<std::string, thread_count> own_files_;
  std::string bad_;
  int alive_before_;
  tenure::manager<P, Check> modules_;
  tenure::instance_table objects_;
  std::array<slot, 16> mailbox_;
};

} // namespace stress

#endif
