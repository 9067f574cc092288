// A plug-in with objects that report their own end, delete themselves, own each other, and have secondary
// interfaces.
#include "interface.hpp"

#include <atomic>
#include <new>
#include <stdexcept>

namespace {

// What the host wants to be called when this module's static objects are destroyed.
struct last_words {
  void (*function)(void*) = nullptr;
  void* context = nullptr;
  ~last_words() {
    if (function != nullptr) function(context);
  }
};
last_words at_the_end;

class reports_itself : public plug_in {
public:
  ~reports_itself() override {
    if (host.destroyed != nullptr) host.destroyed(host.host, key);
    delete owned; // ECom died of what ran here (E-H3)
    if (host.event != nullptr) host.event(host.host, "base destroyed");
  }
  void end_yourself() override { delete this; }
};

class first final : public reports_itself {
public:
  int value() override { return PART_VERSION; }
};
class second final : public reports_itself {
public:
  ~second() override {
    if (host.event != nullptr) host.event(host.host, "derived destroyed");
  }
  int value() override { return 2; }
};

class speller final : public spelling {
public:
  explicit speller(plug_in& p)
      : host(p.host) {}
  ~speller() override {
    if (host.event != nullptr) host.event(host.host, "interface released");
  }
  int words() override { return 100; }
  host_calls host;
};

class shared_speller final : public spelling {
public:
  int words() override { return 200; }
};
shared_speller for_all;

} // namespace

TEST_EXPORT plug_in* make_first() { return new first; }
TEST_EXPORT plug_in* make_second() { return new second; }
TEST_EXPORT plug_in* make_nothing() { return nullptr; }
TEST_EXPORT plug_in* make_without_memory() { throw std::bad_alloc(); }
TEST_EXPORT plug_in* make_failing() { throw std::runtime_error("the constructor failed"); }
TEST_EXPORT void free_plug_in(plug_in* p) { delete p; }

TEST_EXPORT spelling* get_spelling(plug_in* p) { return new speller(*p); }
TEST_EXPORT void release_spelling(spelling* s) { delete s; }
TEST_EXPORT spelling* get_shared_spelling(plug_in*) { return &for_all; } // nothing to release
TEST_EXPORT spelling* get_nothing(plug_in*) { return nullptr; }

TEST_EXPORT void call_at_the_end(void (*function)(void*), void* context) {
  at_the_end.function = function;
  at_the_end.context = context;
}

// Stays in the module's code until the host says that it may leave.
TEST_EXPORT int stay(const std::atomic<bool>* leave, std::atomic<bool>* inside) {
  *inside = true;
  while (!*leave) {
  }
  return 1;
}

// Calls the host back, so that this module's code is on the stack meanwhile.
TEST_EXPORT int call_back(void (*function)(void*), void* context) {
  function(context);
  return 1; // not a tail call
}
