// Everything that stands between a last release and the end of an image.
#include "refusals/scene.hpp"

#include <tenure/dependency.hpp>
#include <tenure/lock_owner.hpp>
#include <tenure/sweeper.hpp>

#include <atomic>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

using tenure::departure_check;
using tenure::unload_outcome;
using tenure_test::at_every_point;
using tenure_test::is_answer;
using tenure_test::scene;

namespace {

template <class Policy> struct crowd : scene<Policy> {
  std::vector<std::string> names{this->file("basic"), this->file("second"), this->file("third"),
                                 this->file("fourth")};
  void act() {
    for (const std::string& name : names) {
      tenure::failure why;
      const tenure::module m = this->modules.open(name, why);
      this->claim(is_answer(static_cast<bool>(m), why));
    }
    const tenure::unload_report report = this->modules.sweep(tenure::duration{});
    this->claim(!report.complete() || report.count(unload_outcome::busy) <= 1);
    static_cast<void>(this->modules.open_if_loaded(names[0]));
  }
};

} // namespace

TEST_CASE_TEMPLATE("a sweep of many modules, under each policy", Policy, tenure::policy::immediate,
                   tenure::policy::deferred<2>, tenure::policy::periodic_sweep, tenure::policy::final_close) {
  at_every_point<crowd<Policy>>();
}

TEST_CASE("dependencies, locks with an owner, pins: taken, listed, given back") {
  struct held : scene<> {
    std::string user = file("second"), used = file("third");
    std::optional<tenure::lock_owner> owner;
    void act() {
      const tenure::module a = modules.open(user), b = modules.open(used);
      tenure::failure why;
      claim(is_answer(tenure::depend(a, b, why), why));
      owner.emplace("the test");
      owner->lock(b);
      owner->lock(b);
      owner->unlock(b);
      const tenure::pin stays = a.pin();
      static_cast<void>(modules.final_close());
    }
    void rest() { owner.reset(); }
  };
  at_every_point<held>();
}

TEST_CASE("modules with static thread-local storage, let go in the wrong order") {
  struct fixed : scene<tenure::policy::immediate> {
    std::string first = file("fixed_tls_a"), second = file("fixed_tls_b");
    void act() {
      tenure::module a = modules.open(first), b = modules.open(second);
      a.reset();
      b.reset();
    }
  };
  at_every_point<fixed>();
}

TEST_CASE("modules that hold each other, and a final close that looks for that") {
  struct circle : scene<> {
    using keep = void(int, void*);
    std::string a = file("keeper_a"), b = file("keeper_b");
    circle()
        : scene(tenure::manager_options{}) {
      const tenure::module first = modules.open(a), second = modules.open(b);
      first.symbol<keep>("keep")(0, new tenure::module(second));
      second.symbol<keep>("keep")(0, new tenure::module(first));
    }
    void act() {
      const tenure::unload_report report = modules.final_close();
      claim(!report.complete() || report.count(unload_outcome::busy) == 3);
    }
    void rest() {
      const tenure::module first = modules.open(a), second = modules.open(b);
      for (const tenure::module& m : {first, second})
        delete static_cast<tenure::module*>(m.symbol<void*(int)>("give_back")(0));
    }
  };
  at_every_point<circle>(true);
}

TEST_CASE("a private copy: opened, closed, and no file of it is left") {
  struct copied : scene<> {
    std::string plain = file("basic");
    void act() {
      tenure::open_options options;
      options.private_copy = true;
      tenure::failure why;
      const tenure::module m = modules.open(plain, options, why);
      claim(is_answer(static_cast<bool>(m), why));
    }
    void look(const std::string& refused) {
      static_cast<void>(modules.final_close());
      for (const auto& entry : std::filesystem::directory_iterator(folder.folder()))
        CHECK(entry.path().string() == plain);
      scene::look(refused);
    }
  };
  at_every_point<copied>();
}

TEST_CASE("a file that was replaced while its module is used") {
  struct replaced : scene<> {
    std::string plain = file("basic");
    tenure::module old = modules.open(plain);
    replaced() { folder.replace(plain, "other_code"); }
    void act() {
      tenure::failure why;
      tenure::module fresh = modules.open(plain, why);
      claim(is_answer(static_cast<bool>(fresh), why));
      if (fresh == old)
        fresh = modules.open(plain); // where the file could not be looked at, the next look tells
      claim(fresh != old);
      old.reset();
      static_cast<void>(modules.final_close());
    }
    void rest() { old.reset(); }
  };
  at_every_point<replaced>();
}

TEST_CASE("a sweeper is started and stopped") {
  struct swept : scene<> {
    std::string plain = file("basic");
    void act() {
      const tenure::sweeper made(modules, tenure::minutes(1));
      static_cast<void>(modules.open(plain));
    }
  };
  at_every_point<swept>();
}

namespace {

// Its code is on the stack of the very thread that lets go of it.
template <departure_check Check> struct below : scene<tenure::policy::immediate, Check> {
  std::string plain = this->file("basic");
  void act() {
    tenure::module m = this->modules.open(plain);
    const auto call_back = m.symbol<int(void (*)(void*), void*)>("call_back").get();
    struct inside {
      below& s;
      tenure::module& held;
    } here{*this, m};
    const auto let_go = [](void* it) {
      const inside& i = *static_cast<inside*>(it);
      i.held.reset();
      i.s.claim(tenure_test::is_mapped(i.s.plain));
      static_cast<void>(i.s.modules.final_close());
      i.s.claim(tenure_test::is_mapped(i.s.plain));
    };
    call_back(let_go, &here); // its symbol's handle has gone, so nothing but the frame holds it
    static_cast<void>(this->modules.sweep());
  }
};

} // namespace

TEST_CASE("a module whose code is on the stack of who lets it go is never closed") {
  at_every_point<below<departure_check::own_stack>>();
  at_every_point<below<departure_check::threads>>();
}

TEST_CASE("a module that is the terminate handler is never closed") {
  struct last_words : scene<tenure::policy::immediate> {
    std::string plain = file("leaving");
    std::terminate_handler before = std::get_terminate();
    void act() {
      std::set_terminate(modules.open(plain).symbol<void()>("end_of_the_world").get());
      static_cast<void>(modules.sweep());
      claim(tenure_test::is_mapped(plain) || std::get_terminate() == before);
    }
    void rest() { std::set_terminate(before); }
  };
  at_every_point<last_words>();
}

namespace {

// A thread in the code of a module to which nobody holds a handle.
template <departure_check Check> struct visited : scene<tenure::policy::immediate, Check> {
  std::string plain = this->file("leaving");
  std::atomic<bool> leave{false}, inside{false};
  tenure::module held = this->modules.open(plain);
  std::thread visitor{
      [this, stay = held.symbol<int(const std::atomic<bool>*, std::atomic<bool>*)>("stay").get()] {
        stay(&leave, &inside);
      }};
  visited() {
    while (!inside) std::this_thread::yield();
  }
  void act() {
    held.reset();
    this->claim(tenure_test::is_mapped(plain)); // whatever could not be found out
    static_cast<void>(this->modules.sweep());
    this->claim(tenure_test::is_mapped(plain));
  }
  void rest() {
    leave = true;
    visitor.join();
    held.reset();
  }
};

} // namespace

TEST_CASE("threads: a module that another thread is in is never closed") {
  at_every_point<visited<departure_check::threads>>();
}

TEST_CASE("references: a module that a function object points into is never closed") {
  struct pointed_at : scene<tenure::policy::immediate, departure_check::references> {
    std::string plain = file("leaving");
    std::unique_ptr<std::function<int()>> left = std::make_unique<std::function<int()>>();
    bool given = false;
    void act() {
      {
        const tenure::module m = modules.open(plain);
        const auto leave = m.symbol<void(std::function<int()>*)>("leave_function");
        leave(left.get());
        given = true;
      }
      claim(tenure_test::is_mapped(plain));
      claim((*left)() == 42);
    }
    void rest() { left.reset(); }
  };
  at_every_point<pointed_at>(true);
}
