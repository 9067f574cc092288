// A module that talks to its host: the handshake, its hooks, its vote, what it asks of its host.
#include "plugin/modules/talk.hpp"
#include "refusals/scene.hpp"
#include "support/hook.hpp"
#include "support/until.hpp"

#include <tenure/end.hpp>

#include <cstring>

using tenure_test::at_every_point;
using tenure_test::is_answer;
using tenure_test::scene;

namespace {

// Without a string or a list: the hooks run while something is refused.
struct talk_scene : scene<> {
  int accepted = 0, told_to_go = 0;
  talk_act when_loaded = talk_act::yes, when_asked = talk_act::yes;
  bool holds_itself = false;
  const tenure_host* host = nullptr;
  std::string talker = file("talker_a");

  talk_scene() {
    tenure_test::set_environment(talk_variable, std::to_string(reinterpret_cast<std::uintptr_t>(&line_)));
  }
  ~talk_scene() { tenure_test::set_environment(talk_variable, "0"); }

  tenure::module open() {
    tenure::failure why;
    tenure::module m = modules.open(talker, why);
    claim(is_answer(static_cast<bool>(m), why));
    return m;
  }
  void rest() { when_loaded = when_asked = talk_act::yes; }
  void look(const std::string& refused) {
    const bool taken_for_plain =
        refused == "dlsym"; // a name that cannot be looked up is one that is not there
    if (taken_for_plain) claim = {};
    scene<>::look(refused);
    CHECK((taken_for_plain || accepted == told_to_go)); // each life that began has ended
  }

private:
  static talk_act ask(void* self, const char*, talk_hook hook, const tenure_host* from, char* message,
                      std::size_t size) {
    return static_cast<talk_scene*>(self)->answer(hook, from, message, size);
  }
  talk_act answer(talk_hook hook, const tenure_host* from, char* message, std::size_t size) {
    if (hook == talk_hook::can_unload) return when_asked;
    if (hook == talk_hook::unloading) return ++told_to_go, talk_act::yes;
    host = from;
    std::strncpy(message, "not today", size - 1);
    if (holds_itself) held_itself = from->hold(from) == TENURE_YES;
    if (when_loaded == talk_act::yes || held_itself)
      ++accepted; // what refuses and holds itself goes like any other
    return when_loaded;
  }
  talk_line line_{ask, this};

public:
  bool held_itself = false;
};

} // namespace

TEST_CASE("a plug-in's handshake, its vote at a sweep, and its end") {
  struct whole_life : talk_scene {
    void act() {
      static_cast<void>(open());
      static_cast<void>(open());
      static_cast<void>(modules.sweep(tenure::duration{}));
      static_cast<void>(open());
      static_cast<void>(modules.final_close());
    }
  };
  at_every_point<whole_life>();
}

TEST_CASE("a plug-in that refuses to be loaded") {
  struct refusing : talk_scene {
    void act() {
      when_loaded = talk_act::no;
      tenure::failure why;
      claim(!modules.open(talker, why));
      claim(why.code() != tenure::errc::ok);
    }
  };
  at_every_point<refusing>();
}

TEST_CASE("a plug-in whose hook throws, and whose vote is no answer") {
  struct cross : talk_scene {
    void act() {
      when_loaded = talk_act::throw_own;
      tenure::failure why;
      claim(!modules.open(talker, why));
      when_loaded = talk_act::yes;
      when_asked = talk_act::one;
      static_cast<void>(open());
      static_cast<void>(modules.final_close());
    }
  };
  at_every_point<cross>();
}

TEST_CASE("a plug-in that says no for a while") {
  struct slow : talk_scene {
    void act() {
      when_asked = talk_act::no;
      static_cast<void>(open());
      static_cast<void>(modules.sweep(tenure::duration{}));
      static_cast<void>(modules.final_close());
      when_asked = talk_act::yes;
      static_cast<void>(modules.sweep(tenure::duration{}));
    }
  };
  at_every_point<slow>();
}

TEST_CASE("a plug-in that holds itself, accepting and refusing") {
  struct holding : talk_scene {
    void act() {
      holds_itself = true;
      static_cast<void>(open());
      let_go();
      when_loaded = talk_act::no;
      static_cast<void>(modules.final_close());
      static_cast<void>(open());
      let_go();
    }
    void let_go() {
      if (held_itself) host->drop(host);
      held_itself = false;
    }
    void rest() {
      talk_scene::rest();
      holds_itself = false;
    }
  };
  at_every_point<holding>();
}

TEST_CASE("a plug-in that has a thread of its host's") {
  struct threading : talk_scene {
    tenure_test::signal done;
    bool runs = false;
    void act() {
      const tenure::module m = open();
      if (m && host != nullptr)
        runs = host->run_thread(
                   host, [](void* d) { static_cast<tenure_test::signal*>(d)->set(); }, &done) == TENURE_YES;
    }
    void rest() {
      talk_scene::rest();
      if (!runs) return;
      REQUIRE(done.wait());
      // The thread's reference goes after its body has returned.
      REQUIRE(tenure_test::eventually([&] { return modules.stats().active == 1; }));
    }
  };
  at_every_point<threading>();
}

TEST_CASE("an end that leaves mapped what says no: the next open takes back what was left") {
  struct leaving : talk_scene {
    void act() {
      when_asked = talk_act::no;
      tenure::manager<tenure::policy::final_close> first;
      tenure::failure why;
      claim(is_answer(static_cast<bool>(first.open(talker, why)), why));
      const tenure::unload_report report = tenure::end(first, tenure::end_mode::leave_mapped);
      when_asked = talk_act::yes;
      if (report.count(tenure::unload_outcome::kept) == 0) static_cast<void>(first.final_close()); // no memory to leave it
      static_cast<void>(open());
    }
    void look(const std::string& refused) {
      scene<>::look(refused);
    } // what is left mapped is not told that it goes
  };
  at_every_point<leaving>();
}
