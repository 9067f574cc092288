// Calls a function that it defines itself, through the loader's binding: another module may come before it.
#include "interface.hpp"

volatile int own_choice = 2; // the compiler cannot know the answer
TEST_EXPORT int chosen() { return own_choice; }

extern "C" {
int (*volatile choice)() = chosen;
}
TEST_EXPORT int ask() { return choice(); }
