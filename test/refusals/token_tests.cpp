// Tokens, their containers and parts, and the controller that ends them all.
#include "refusals/scene.hpp"
#include "support/until.hpp"

#include <tenure/controller.hpp>
#include <tenure/token.hpp>

#include <optional>

using tenure_test::at_every_point;
using tenure_test::is_answer;
using tenure_test::scene;

namespace {

struct token_scene : scene<> {
  std::string part = file("basic");
  int ended = 0;
  std::optional<tenure::token_source> container, inner;

  tenure::final_hook counted() {
    return {[](void* n, const tenure::final_revoke&) noexcept { ++*static_cast<int*>(n); }, &ended};
  }
  void rest() {
    inner.reset();
    container.reset();
  }
};

} // namespace

TEST_CASE("sources, parts and tokens, given back by their owners and by number") {
  struct giving : token_scene {
    int made = 0;
    void act() {
      container.emplace(modules.open(part), counted());
      ++made;
      inner.emplace(container->part(counted()));
      ++made;
      tenure::failure why;
      tenure::token first = container->acquire(why);
      claim(is_answer(static_cast<bool>(first), why));
      tenure::failure why_not;
      const tenure::token second = inner->acquire(why_not);
      claim(is_answer(static_cast<bool>(second), why_not));
      const tenure::token_id number = first.detach();
      tenure::failure unknown;
      container->revoke(number, unknown);
      claim(static_cast<bool>(number) != static_cast<bool>(unknown));
    }
    void look(const std::string& refused) {
      token_scene::look(refused);
      CHECK(ended <= made); // no source ends twice, and none that was not made
    }
  };
  at_every_point<giving>();
}

TEST_CASE("many tokens, so that their table grows") {
  struct many : token_scene {
    void act() {
      container.emplace(modules.open(part), counted());
      for (int i = 0; i != 40; ++i) {
        tenure::failure why;
        tenure::token one = container->acquire(why);
        claim(is_answer(static_cast<bool>(one), why));
        if (one) ++out;
        static_cast<void>(one.detach());
      }
      claim(container->count() == out);
    }
    std::uint32_t out = 0;
  };
  at_every_point<many>();
}

TEST_CASE("a shutdown ends the sources over its module, each once") {
  struct shutting : token_scene {
    void act() {
      const tenure::module m = modules.open(part);
      container.emplace(m, counted());
      inner.emplace(container->part(counted()));
      const tenure::token held = inner->acquire();
      tenure::controller control(m);
      const tenure::shutdown_result done = control.shutdown({}, tenure::shutdown_mode::force);
      claim(static_cast<bool>(done) || done.why.code() == tenure::errc::out_of_memory);
      claim(static_cast<bool>(done) == control.has_shut_down());
      if (done) claim(ended == 2 && container->ended() && inner->ended());
      if (!done) claim(ended == 0 && static_cast<bool>(held));
    }
  };
  at_every_point<shutting>();
}

TEST_CASE("a shutdown that is refused for a call in flight leaves all as it was") {
  struct refusing : token_scene {
    tenure::module m = modules.open(part);
    tenure_test::signal entered, leave;
    std::thread caller{[this] {
      const tenure::guard inside = m.enter();
      entered.set();
      CHECK(leave.wait());
    }};
    void act() {
      container.emplace(m, counted());
      tenure::controller control(m);
      const tenure::shutdown_result done = control.shutdown({}, tenure::shutdown_mode::refuse);
      claim(!done);
      claim(done.why.code() == tenure::errc::calls_in_flight ||
            done.why.code() == tenure::errc::out_of_memory);
      claim(ended == 0);
      tenure::failure why;
      const tenure::token still = container->acquire(why);
      claim(is_answer(static_cast<bool>(still), why));
    }
    refusing() { REQUIRE(entered.wait()); }
    void rest() {
      leave.set();
      caller.join();
      token_scene::rest();
      m.reset();
    }
  };
  at_every_point<refusing>();
}
