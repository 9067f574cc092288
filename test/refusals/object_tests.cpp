// Objects: by key and by handle, from factories and class tables; threads and exceptions of a module.
#include "modules/interface.hpp"
#include "refusals/scene.hpp"
#include "scenarios/parts/interface.hpp"

#include <tenure/cached_symbol.hpp>
#include <tenure/class_table.hpp>
#include <tenure/factory.hpp>
#include <tenure/keyed.hpp>
#include <tenure/shortcut.hpp>
#include <tenure/thread.hpp>

#include <atomic>
#include <exception>
#include <optional>

using tenure::errc;
using tenure_test::at_every_point;
using tenure_test::is_answer;
using tenure_test::scene;

namespace {

constexpr tenure::interface_names spelling_names{"get_spelling", "release_spelling"};

// Without memory for the note that holds it, the module of an exception stays for good: pinned, and the
// report says so.
struct throwing_scene : scene<> {
  void look(const std::string& refused) {
    if (modules.report().count(tenure::unload_outcome::pinned) == 0) return scene<>::look(refused);
    CHECK(refused == "memory");
    for (const std::string& f : files) {
      CHECK(tenure_test::outcome_of(modules.final_close(), f) == "pinned");
      CHECK(tenure_test::is_mapped(f));
    }
  }
};

} // namespace

TEST_CASE("objects by key: made, found, left to the table, given an interface, destroyed") {
  struct keeping : scene<> {
    std::string part = file("part_a");
    std::optional<tenure::instance_table> objects;
    void act() {
      objects.emplace();
      const tenure::module m = modules.open(part);
      tenure::keyed<plug_in> owned = objects->create<plug_in>(m, {"make_first", "free_plug_in"});
      claim(objects->find<plug_in>(owned.key()) == owned.get());
      const tenure::key left = objects->create<plug_in>(m, {"make_second", "free_plug_in"}).release();
      tenure::failure why;
      auto* const speller = objects->get_interface<spelling, plug_in>(left, spelling_names, why);
      claim(is_answer(speller != nullptr, why));
      if (speller != nullptr) claim(objects->release_interface(left, speller) == errc::ok);
      tenure::failure absent;
      claim(objects->get_interface<spelling, plug_in>(left, {"get_nothing"}, absent) == nullptr);
      claim(static_cast<bool>(absent));
      claim(objects->destroy(left) == errc::ok);
      claim(objects->destroy(left) == errc::key_stale);
    }
    void rest() { objects.reset(); }
  };
  at_every_point<keeping>();
}

TEST_CASE("objects by key whose factory gives nothing, or throws") {
  struct failing : throwing_scene {
    std::string part = file("part_a");
    std::optional<tenure::instance_table> objects;
    void act() {
      objects.emplace();
      const tenure::module m = modules.open(part);
      for (const char* const factory : {"make_nothing", "make_failing", "make_without_memory", "absent"}) {
        bool thrown = false;
        try {
          static_cast<void>(objects->create<plug_in>(m, {factory, "free_plug_in"}));
        } catch (const std::exception&) { // ours, and the module's own
          thrown = true;
        }
        claim(thrown);
        claim(objects->size() == 0);
      }
    }
    void rest() { objects.reset(); }
  };
  at_every_point<failing>();
}

TEST_CASE("objects by handle, factories, symbols that are looked up once") {
  struct making : scene<> {
    std::string plain = file("basic");
    void act() {
      const tenure::module m = modules.open(plain);
      const tenure::factory<widget> maker(m, {"make_widget", "free_widget"});
      const tenure::instance<widget> one = maker.create(),
                                     other = m.create<widget>({"make_widget", "free_widget"});
      claim(!one || one->value() == 42);
      claim(other->value() == 42);
      const tenure::weak_module weak(m);
      claim(weak.lock() == m);
      tenure::failure why;
      const auto answer = m.symbol<int()>("answer", why);
      claim(is_answer(static_cast<bool>(answer), why));
      const tenure::pin stays = m.pin();
      m.call([] { return 1; });
    }
  };
  at_every_point<making>();
}

TEST_CASE("a class table: registrations, clients, locks, an end with all of them") {
  struct offering : scene<> {
    std::string plain = file("basic");
    std::optional<tenure::class_table> classes;
    int object = 7;
    void act() {
      classes.emplace();
      const tenure::module m = modules.open(plain);
      const tenure::registration first = classes->add("first", m, &object),
                                 second = classes->add("second", m, &object);
      claim(*classes->find<int>("first").get() == 7);
      classes->lock_external(second);
      classes->revoke(first);
      classes->unlock_external(second, true);
    }
    void rest() { classes.reset(); }
  };
  at_every_point<offering>();
}

TEST_CASE("a thread of a module holds it until it has returned") {
  struct running : scene<> {
    std::string plain = file("basic");
    std::atomic<int> ran{0};
    void act() {
      tenure::module_thread worker(modules.open(plain), [this] { ++ran; });
      worker.join();
      claim(ran == 1);
    }
  };
  const std::set<std::string> refused = at_every_point<running>();
  CHECK(refused.count("memory") + refused.count("a thread") == 1);
}

TEST_CASE("an exception keeps its module, and lets it go with its last copy") {
  struct throwing : throwing_scene {
    std::string cross = file("leaving");
    void act() {
      std::exception_ptr kept;
      {
        const tenure::module m = modules.open(cross);
        const auto fail = m.symbol<int()>("fail");
        try {
          m.call([&] { fail(); });
          claim(false);
        } catch (const tenure::error&) {
          throw; // not the module's
        } catch (const std::bad_alloc&) {
          throw;
        } catch (const std::exception& e) {
          claim(std::string_view(e.what()) == "the module's own words");
          kept = std::current_exception();
        }
      }
      static_cast<void>(modules.final_close());
      claim(tenure_test::is_mapped(cross));
      try {
        std::rethrow_exception(kept);
      } catch (const std::exception& e) {
        claim(std::string_view(e.what()) == "the module's own words");
      }
    }
  };
  at_every_point<throwing>();
}
