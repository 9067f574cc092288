// A module that stays mapped when it is closed; the macro says for which reason.
#include "interface.hpp"

#if defined(LINGER_UNIQUE)
// What g++ makes of a template's static member; written out, so that clang makes it too.
__asm__(".globl lingering_unique\n.type lingering_unique, %gnu_unique_object\n.data\n.balign 8\n"
        "lingering_unique: .quad 7\n.size lingering_unique, 8\n.text\n");
extern "C" long lingering_unique;
TEST_EXPORT int touch() { return static_cast<int>(lingering_unique); }
#elif defined(LINGER_TLS)
namespace {
struct with_destructor {
  int value = 7;
  ~with_destructor() { value = 0; }
};
thread_local with_destructor per_thread;
} // namespace
TEST_EXPORT int touch() { return per_thread.value; }
#elif defined(LINGER_NEEDED)
TEST_EXPORT int needed_function();
int needed_function() { return 7; }
TEST_EXPORT int touch() { return 7; }
#elif defined(LINGER_NEEDS)
extern "C" int needed_function();
TEST_EXPORT int touch() { return needed_function(); }
#else
TEST_EXPORT int touch() { return 7; }
#endif
