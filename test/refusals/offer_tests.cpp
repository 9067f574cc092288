// What is chosen and told: catalogs, observers, lists of modules and of holders.
#include "refusals/scene.hpp"
#include "scenarios/parts/codec.hpp"

#include <tenure/catalog.hpp>
#include <tenure/event.hpp>

#include <optional>

using tenure_test::at_every_point;
using tenure_test::is_answer;
using tenure_test::scene;

TEST_CASE("a catalog of a folder: read, refreshed, and what is best in it is made") {
  struct choosing : scene<> {
    std::string first = file("codec_1"), second = file("codec_2");
    std::string broken = folder.write("broken.so", "no module");
    void act() {
      tenure::catalog shelf;
      tenure::failure why;
      const std::size_t added = shelf.add_folder(folder.folder(), why);
      claim(added == shelf.size());
      claim(!why || added == 0);
      static_cast<void>(shelf.refresh());
      tenure::failure none;
      const tenure::implementation* const best = shelf.find<codec>("audio/flac", none);
      claim(is_answer(best != nullptr, none));
      const tenure::instance<codec> made = shelf.make<codec>(modules, "codec_1");
      claim(made->version() == 1);
    }
  };
  at_every_point<choosing>();
}

namespace {

struct counting_observer {
  std::uint64_t told = 0, lost = 0, last = 0;
  bool in_order = true;
  void operator()(const tenure::event& e) noexcept {
    in_order = in_order && e.number > last;
    last = e.number;
    lost += e.lost;
    ++told;
  }
};

} // namespace

TEST_CASE("an observer is told of everything, or how much there was no memory for") {
  struct watched : scene<> {
    std::string plain = file("basic");
    counting_observer seen;
    void act() {
      modules.observe(seen);
      tenure::failure why;
      static_cast<void>(modules.open(plain, why));
      static_cast<void>(modules.open(plain, why));
      tenure::failure absent;
      claim(!modules.open(folder.path("absent.so"), absent));
      static_cast<void>(modules.sweep());
      static_cast<void>(modules.final_close());
      modules.stop_observing();
      claim(seen.told + modules.stats().events_lost == modules.stats().events);
      claim(seen.in_order);
    }
    void rest() { modules.stop_observing(); }
  };
  at_every_point<watched>();
}

TEST_CASE("many events at once, so that their room grows") {
  struct crowded : scene<> {
    std::string plain = file("basic");
    counting_observer seen;
    void act() {
      modules.observe(seen);
      const tenure::weak_module weak = modules.open(plain);
      for (int i = 0; i != 200; ++i) static_cast<void>(weak.lock());
      modules.stop_observing();
      claim(seen.told + modules.stats().events_lost == modules.stats().events);
      claim(seen.in_order);
    }
    void rest() { modules.stop_observing(); }
  };
  at_every_point<crowded>(true);
}

TEST_CASE("an observer that a manager owns") {
  struct owning : scene<> {
    std::string plain = file("basic");
    void act() {
      tenure::manager<tenure::policy::immediate, tenure::departure_check::own_stack, counting_observer> own;
      static_cast<void>(own.open(plain));
      claim(own.observer().told != 0 || own.stats().events_lost != 0);
    }
  };
  at_every_point<owning>();
}

TEST_CASE("lists of modules, dumps, lists of holders, reports: whole, or said not to be") {
  struct listing : scene<> {
    std::string plain = file("basic");
    void act() {
      const tenure::module m = modules.open(plain);
      const tenure::module copy = m;
      const tenure::module_list all = modules.modules();
      claim(!all.complete() || std::distance(all.begin(), all.end()) == 2);
      const tenure::holder_list who = m.holders();
      claim(!who.complete() || who.size() + who.unlisted() >= 2);
      const tenure::unload_report now = modules.report();
      claim(!now.complete() || now.size() == 2);
      static_cast<void>(modules.dump());
      static_cast<void>(modules.dump(tenure::dump_format::json));
    }
  };
  at_every_point<listing>();
}
