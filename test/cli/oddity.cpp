// A module for `tenure check --load`, with one oddity; a macro says which.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <pthread.h>
#include <unistd.h>

#include <fcntl.h>

#if defined(OWN_THREAD)
#  include <atomic>
#endif

#define ODDITY_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

[[maybe_unused]] void crash() { *reinterpret_cast<volatile int*>(sizeof(int)) = 1; }
// Whoever reads the FIFO learns who hangs, and that it does.
[[maybe_unused]] void tell_who_hangs() {
  const char* const fifo = std::getenv("TENURE_TEST_FIFO");
  if (fifo == nullptr) return;
  const int to = ::open(fifo, O_WRONLY);
  ::dprintf(to, "%d", ::getpid());
  ::close(to);
}
[[maybe_unused]] void write_all(int to, const char* text) {
  static_cast<void>(!::write(to, text, std::strlen(text)));
}

[[maybe_unused]] void hang() {
  for (;;) ::pause();
}

struct life {
#if defined(CRASH_LOAD)
  life() { crash(); }
#elif defined(CRASH_UNLOAD)
  ~life() { crash(); }
#elif defined(HANG_LOAD)
  life() {
    tell_who_hangs();
    hang();
  }
#elif defined(HANG_UNLOAD)
  ~life() { hang(); }
#elif defined(EXIT_LOAD)
  life() { std::exit(0); }
#elif defined(EXIT_UNLOAD)
  ~life() { ::_exit(7); }
#elif defined(NOISY) // on every descriptor that a child of ours may have
  life() {
    for (int i = 0; i != 8; ++i) static_cast<void>(!::write(i, "{\"step\": nonsense\n", 18));
  }
#elif defined(LIAR)  // writes what looks like our lines, and are none
  life() {
    for (const char* const each :
         {"{\"step\":1}\n", "[]\n", "{\"step\":\"loaded\",\"us\":\"long\",\"usage\":[]}\n",
          "{\"step\":\"loading\",\"usage\":{\"resident_bytes\":-9223372036854775807}}\n",
          "{\"step\":\"refused\",\"detail\":7,\"reason\":{}}\n",
          "{\"step\":\"measured\",\"steps\":[1],\"stays\":2}\n", "\xff\n"})
      write_all(3, each);
  }
#elif defined(SLOW)
  life() { ::usleep(100'000); }
#elif defined(FLOOD)
  life() {
    static char text[(1 << 16) + 1];
    std::memset(text, 'x', 1 << 16);
    for (;;) write_all(3, text);
  }
#elif defined(CLOSER)
  life() {
    for (int i = 3; i != 256; ++i) ::close(i);
  }
#elif defined(OWN_THREAD)
  life() {
    pthread_t one;
    static std::atomic<bool> runs{false};
    ::pthread_create(
        &one, nullptr,
        [](void*) -> void* {
          runs = true, runs.notify_one();
          hang();
          return nullptr;
        },
        nullptr);
    ::pthread_detach(one);
    runs.wait(false);
  }
#elif defined(LEAKS) // one of each, at every load
  life() {
    constexpr std::size_t size = 1 << 18;
    auto* const block = static_cast<volatile char*>(std::malloc(size));
    for (std::size_t i = 0; i < size; i += 512) block[i] = 1;
    static_cast<void>(::open("/dev/null", O_RDONLY));
    pthread_key_t key;
    ::pthread_key_create(&key, nullptr);
    auto* const locked = static_cast<pthread_mutex_t*>(std::malloc(sizeof(pthread_mutex_t)));
    ::pthread_mutex_init(locked, nullptr);
    ::pthread_mutex_lock(locked);
    // All code of the thread is the C library's, so that it does not need us; and no signal ends its wait.
    pthread_t one;
    const auto wait = reinterpret_cast<void* (*)(void*)>(reinterpret_cast<void*>(&::pthread_mutex_lock));
    ::pthread_create(&one, nullptr, wait, locked);
  }
#endif
};
[[maybe_unused]] life the_life;

} // namespace

#if defined(AFTER_ITS_END)
extern "C" int __cxa_atexit(void (*)(void*), void*, void*);
namespace {
volatile bool has_run = false;
void too_late(void*) { has_run = true; } // Clang registers nothing that does nothing
// Registered for nobody's library, so that it runs when the process ends.
const int registered = __cxa_atexit(too_late, nullptr, nullptr);
} // namespace
#endif

#if defined(STATIC_TLS)
__attribute__((tls_model("initial-exec"))) thread_local volatile char per_thread[400];
ODDITY_EXPORT int touch() { return per_thread[0]; }
#elif defined(DYNAMIC_TLS)
__attribute__((tls_model("global-dynamic"))) thread_local volatile char per_thread[40];
ODDITY_EXPORT int touch() { return per_thread[0]; }
#elif defined(UNBOUND_UNIQUE)
__asm__(".globl unbound_unique\n.type unbound_unique, %gnu_unique_object\n.data\n.balign 8\n"
        "unbound_unique: .quad 7\n.size unbound_unique, 8\n.text\n");
#elif defined(PLUGIN) || defined(NO_PLUGIN)
// As <tenure/plugin.h> lays it out: magic, four numbers, four texts.
struct information {
  char magic[8];
  unsigned api_version, size, flags, reserved;
  char name[64], version[32], author[64], description[200];
};
#  if defined(PLUGIN)
ODDITY_EXPORT const information tenure_plugin_info;
const information tenure_plugin_info = {
    "TENURE\n", 1, 384, 1, 0, "flac", "1.4.2", "Somebody", "Reads and writes FLAC"};
struct catalog {
  char magic[8];
  unsigned row_size, rows;
  char interface_name[64], name[64], match[112];
  unsigned interface_version, version;
  unsigned long long interface_size;
};
ODDITY_EXPORT const catalog tenure_plugin_catalog;
const catalog tenure_plugin_catalog = {"TENCAT\n", 256, 1, "org.example.decoder", "flac", "audio/flac",
                                       3,          2,   8};
#  else
ODDITY_EXPORT const information tenure_plugin_info;
const information tenure_plugin_info = {
    "TENURF\n", 1, 384, 1, 0, "flac", "1.4.2", "Somebody", "Reads and writes FLAC"};
#  endif
#elif defined(KEEPER)
ODDITY_EXPORT int kept();
ODDITY_EXPORT int touch() { return kept(); }
#elif defined(KEPT)
ODDITY_EXPORT int kept() { return 7; }
#endif

namespace shop {
struct __attribute__((visibility("default"))) counter {
  int count(const char* what, long) const;
};
int counter::count(const char*, long) const { return 1; }
} // namespace shop
ODDITY_EXPORT void do_nothing() {}
