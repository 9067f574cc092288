// What sanitizers cannot know. Included by the one source of each test program that defines main.
#ifndef TENURE_TEST_SANITIZER_DEFAULTS_HPP
#define TENURE_TEST_SANITIZER_DEFAULTS_HPP

// ThreadSanitizer sees neither the lock of glibc's loader nor the instructions in it, but its calls to calloc: a
// module's link_map, and its name, that one thread's dlopen made looks unprotected to another thread that reads it.
// (Of a name under dl_iterate_phdr it forgives the reading, but not of the NUL behind it, which shows where that
// begins a new word of eight bytes: by how long the path of the build's folder is.)
// And in suite turn two threads take two locks in orders that would stand still for ever, were it not for the answer.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:tenure::v1::os::describe\n"
         "race:tenure::v1::os::dependency_tables\n"
         "race:tenure_test::images_of\n"
         "deadlock:turn_tests.cpp\n";
}

#endif
