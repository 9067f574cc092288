// Does it really unload, and if not, is it said why?
#include "case.hpp"

#include <vector>

namespace misuse {
namespace {

template <class Name> constexpr auto used_and_closed(Name) {
  return [](auto& way) {
    auto module = way.open(way.file(Name{}()));
    expect(answer_of(module) == 42, "the function gives its answer");
    module.reset();
    return way.let_go(Name{}());
  };
}

constexpr auto baseline = used_and_closed([] { return "plain"; });
constexpr auto nodelete = used_and_closed([] { return "nodelete"; });
constexpr auto template_static = used_and_closed([] { return "template_static"; });
constexpr auto inline_static = used_and_closed([] { return "inline_static"; });

// A count in the module's own memory starts again, or the report said that it would not.
constexpr auto reload_state = [](auto& way) {
  auto module = way.open(way.file("template_static"));
  expect(address_of<int()>(module, "touch")() == 1, "the count starts at one");
  module.reset();
  const verdict v = way.let_go("template_static");
  auto again = way.open(way.file("template_static"));
  const bool fresh = address_of<int()>(again, "touch")() == 1;
  expect(fresh || v.is == fate::lingers || way.keeps_pages(), "what is said to be gone comes back fresh");
  return v;
};

constexpr auto thread_local_here = [](auto& way) {
  auto module = way.open(way.file("thread_local"));
  expect(address_of<int()>(module, "touch")() == 42, "the thread_local has its value");
  module.reset();
  return way.let_go("thread_local");
};

constexpr auto needed_by_other = [](auto& way) {
  auto needs = way.open(way.file("needs"));
  auto needed = way.open(way.file("needed"));
  needed.reset();
  return way.let_go("misuse_needed");
};

constexpr auto other_holder = [](auto& way) {
  static_cast<void>(::dlopen(way.file("plain").c_str(), RTLD_NOW));
  auto module = way.open(way.file("plain"));
  module.reset();
  return way.let_go("misuse_plain");
};

constexpr auto opened_for_ever = [](auto& way) {
  ::dlclose(::dlopen(way.file("plain").c_str(), RTLD_NOW | RTLD_NODELETE));
  auto module = way.open(way.file("plain"));
  module.reset();
  return way.let_go("misuse_plain");
};

constexpr auto part_of_the_program = [](auto& way) {
  auto module = way.open("libm.so.6");
  expect(address_of<double(double)>(module, "cos")(0) == 1, "the function gives its answer");
  module.reset();
  return way.let_go("libm.so");
};

// Another namespace of the loader has copies of all, the C library too.
constexpr auto other_namespace = [](auto& way) {
  void* const handle = ::dlmopen(LM_ID_NEWLM, way.file("plain").c_str(), RTLD_NOW);
  expect(handle != nullptr, "there is another namespace");
  auto module = way.adopt(handle);
  expect(answer_of(module) == 42, "the function gives its answer");
  module.reset();
  return way.let_go("misuse_plain");
};

// A module that stays binds a symbol of one that was opened for all to see.
constexpr auto bound_back = [](auto& way) {
  auto chosen = way.open(way.file("chosen"), true);
  auto calls = way.open(way.file("calls_chosen"));
  expect(address_of<int()>(calls, "touch")() == 42, "the symbol was bound");
  chosen.reset();
  return way.let_go("misuse_chosen");
};

// Two modules with functions of one name: each gets its own.
constexpr auto same_names = [](auto& way) {
  auto one = way.open(way.file("plain"));
  auto two = way.open(way.file("new_code"));
  expect(answer_of(one) == 42, "the first has its own function");
  expect(answer_of(two) == 43, "the second has its own function");
  one.reset();
  two.reset();
  const verdict v = way.let_go("misuse_plain");
  return v.is == fate::survives ? way.let_go("misuse_new_code") : v;
};

constexpr int static_tls_modules = 12; // as many as there are in modules/meson.build

template <class Way> auto open_static_tls(Way& way, int i) {
  return way.open(way.file("static_tls_" + std::to_string(i)));
}

// Opens until the room for static TLS is used up, lets all go, and wants one of them again.
constexpr auto static_tls = [](auto& way) {
  std::vector<typename std::decay_t<decltype(way)>::module> all;
  std::string said;
  for (int i = 0; i != static_tls_modules && said.empty(); ++i) try {
      all.push_back(open_static_tls(way, i));
    } catch (const tenure::error& e) {
      said = e.what();
    } catch (const refused& e) {
      said = e.message;
    }
  expect(said.find("static TLS") != std::string::npos,
         "the room for static TLS ends, with an error that says so");
  const std::size_t before = all.size();
  for (auto& module : all) module.reset();
  way.let_go("static_tls");
  all.clear();
  for (std::size_t i = 0; i != before; ++i) all.push_back(open_static_tls(way, static_cast<int>(i)));
  all.clear();
  return way.let_go("static_tls");
};

} // namespace

case_table unload_cases() {
  return {
      {"b00", "an ordinary module", baseline, survives()},
      {"b01", "a module linked with -z nodelete", nodelete, lingers("nodelete_flag")},
      {"b02a", "a static member of a template: a unique symbol", template_static, lingers("unique_symbol")},
      {"b02b", "a static object of an inline function: a unique symbol", inline_static,
       lingers("unique_symbol")},
      {"b02c", "a module with unique symbols is loaded again: is its state fresh?", reload_state,
       lingers("unique_symbol")},
      {"b03", "this thread used a thread_local with a destructor, and goes on", thread_local_here,
       lingers("tls_destructor_pending")},
      {"b04", "another module that is loaded is linked with it", needed_by_other, lingers("needed_by")},
      {"b05", "another module that is loaded bound a symbol to it", bound_back, lingers("bound_back")},
      {"b06", "somebody else has it open", other_holder, lingers("other_holder")},
      {"b08", "the program itself is linked with it", part_of_the_program, lingers("needed_by")},
      {"b09", "somebody else had opened it with RTLD_NODELETE", opened_for_ever, lingers("RTLD_NODELETE")},
      {"a18", "a module of another namespace (dlmopen) is adopted", other_namespace, refuses("handle")},
      {"b07", "two modules have functions of one name", same_names, survives()},
      {"a22", "modules with static TLS until one fails; all close, and all load again", static_tls,
       survives()},
  };
}

} // namespace misuse
