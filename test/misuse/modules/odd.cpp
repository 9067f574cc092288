// A module with one oddity in its static objects or in what it exports; a macro says which.
#include "odd.hpp"

#include <cstdlib>
#include <unistd.h>

#if defined(ODD_STATIC_THREAD)
#  include "interface.hpp"

#  include <thread>
#elif defined(ODD_JOIN_DLSYM) || defined(ODD_JOIN_TLS)
#  include <atomic>
#  include <dlfcn.h>
#  include <thread>
#elif defined(ODD_CTOR_THROWS) || defined(ODD_DTOR_THROWS)
#  include <stdexcept>
#elif defined(ODD_SHAPE)
#  include <tenure/plugin.hpp>
#endif

namespace odd { // named: functions of an unnamed one are not exported

[[maybe_unused]] host_calls* the_host() {
  const char* const address = std::getenv(host_variable);
  return address != nullptr ? reinterpret_cast<host_calls*>(std::strtoull(address, nullptr, 10)) : nullptr;
}

#if defined(ODD_STATIC_THREAD) // joinable, never joined: terminates when it is destroyed
gate* the_gate;
std::thread the_thread;
MISUSE_EXPORT void begin(gate* g) {
  the_gate = g;
  the_thread = std::thread([] {
    char byte;
    the_gate->enter();
    static_cast<void>(::read(the_gate->wait_on, &byte, 1));
  });
}

#elif defined(ODD_JOIN_DLSYM) || defined(ODD_JOIN_TLS)
// Its destructor waits for a thread that needs the loader, whose lock the destructor's caller holds.
struct joiner {
  std::thread thread;
  std::atomic<int> asked{0};
#  if defined(ODD_JOIN_TLS)
  struct with_destructor {
    volatile int value = 1;
    ~with_destructor() { value = 0; }
  };
  static void use_loader() {
    thread_local with_destructor first_touched;
    first_touched.value = 2;
  }
#  else
  static void use_loader() { static_cast<void>(::dlsym(RTLD_DEFAULT, "no_such_symbol")); }
#  endif
  void begin() {
    thread = std::thread([this] {
      asked.wait(0);
      use_loader();
    });
  }
  ~joiner() {
    if (!thread.joinable()) return;
    asked.store(1);
    asked.notify_all();
    thread.join();
  }
};
joiner the_joiner;
MISUSE_EXPORT void begin() { the_joiner.begin(); }

#elif defined(ODD_CTOR_THROWS)
struct thrower {
  thrower() { throw std::runtime_error("not today"); }
};
thrower the_thrower;

#elif defined(ODD_DTOR_THROWS)
struct thrower {
  ~thrower() noexcept(false) { throw std::runtime_error("not today"); }
};
thrower the_thrower;

#elif defined(ODD_CTOR_EXITS)
struct quitter {
  quitter() { std::exit(3); }
};
quitter the_quitter;

#elif defined(ODD_CTOR_OPENS)
struct opener { // opens another module, and releases it at its end
  void* opened = the_host() != nullptr ? the_host()->open(ODD_CTOR_OPENS) : nullptr;
  host_calls* host = the_host();
  ~opener() {
    if (opened != nullptr) host->close(opened);
  }
};
opener the_opener;
MISUSE_EXPORT int has_opened() { return the_opener.opened != nullptr ? 1 : 0; }

#elif defined(ODD_CTOR_LOCKS)
struct locker {
  locker() {
    if (the_host() != nullptr) the_host()->take_mutex();
  }
};
locker the_locker;

#elif defined(ODD_CTOR_FORKS)
struct forker {
  forker() {
    if (const pid_t child = ::fork(); child == 0) ::_exit(0);
  }
};
forker the_forker;

#elif defined(ODD_THREAD_LOCAL)
struct with_destructor {
  volatile int value = 42;
  ~with_destructor() { value = 0; }
};
thread_local with_destructor per_thread;
MISUSE_EXPORT int touch() { return per_thread.value; }

#elif defined(ODD_PLAIN_THREAD_LOCAL)
thread_local volatile int per_thread = 42;
MISUSE_EXPORT int touch() { return per_thread; }

#elif defined(ODD_STATIC_TLS)
__attribute__((tls_model("initial-exec"))) thread_local volatile char per_thread[400];
MISUSE_EXPORT int touch() { return per_thread[0] + 42; }

#elif defined(ODD_TEMPLATE_STATIC) || defined(ODD_INLINE_STATIC)
#  if defined(__clang__) // makes no unique symbols of its own: what g++ makes, written out
__asm__(".globl misuse_unique\n.type misuse_unique, %gnu_unique_object\n.data\n.balign 8\n"
        "misuse_unique: .quad 0\n.size misuse_unique, 8\n.text\n");
extern "C" long misuse_unique;
MISUSE_EXPORT long touch_unique() { return misuse_unique; }
#  endif
#  if defined(ODD_TEMPLATE_STATIC) // unique where the compiler makes unique symbols
template <class T> struct counted { static int count; };
template <class T> __attribute__((visibility("default"))) int counted<T>::count = 0;
template struct __attribute__((visibility("default"))) counted<int>;
MISUSE_EXPORT int touch() { return ++counted<int>::count; }

#  else
inline __attribute__((visibility("default"))) int& shared_count() {
  static int count = 0;
  return count;
}
MISUSE_EXPORT int touch() { return ++shared_count(); }
#  endif

#elif defined(ODD_NEEDS)
extern "C" int answer();
MISUSE_EXPORT int touch() { return answer(); }

#elif defined(ODD_UNDEFINED)
extern "C" int nobody_defines_this();
MISUSE_EXPORT int touch() { return nobody_defines_this(); }

#elif defined(ODD_CALLS_CHOSEN) // bound to whoever defines it first: the module that was opened globally
extern "C" __attribute__((weak)) int chosen();
MISUSE_EXPORT int touch() { return chosen != nullptr ? chosen() : 0; }

#elif defined(ODD_CHOSEN)
MISUSE_EXPORT int chosen() { return 42; }

#elif defined(ODD_SHAPE)
class square final : public shape {
public:
  int sides() const override { return 42; }
  virtual int secret() const { return 13; }
};
MISUSE_EXPORT shape* make_shape() { return new square; }
TENURE_PLUGIN_FACTORIES(tenure::plugin::factory_row<shape, square>("square"))

#elif defined(ODD_VERSIONED)
MISUSE_EXPORT int versioned() { return 42; }
MISUSE_EXPORT int hidden_by_script() { return 13; }
#endif

} // namespace odd

#if !defined(ODD_NEEDS)
MISUSE_EXPORT int answer() { return ODD_ANSWER; }
#endif
