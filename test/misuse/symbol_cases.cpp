// Symbols that are not there, or not what they are taken for.
#include "case.hpp"
#include "modules/interface.hpp"

#include <tenure/make.hpp>

namespace misuse {
namespace {

template <class F, class Name> constexpr auto asking_for(Name) {
  return [](auto& way) {
    auto module = way.open(way.file("toolbox"));
    [[maybe_unused]] const auto found = module.template symbol<F>(Name{}());
    return verdict{fate::survives, "found"};
  };
}

constexpr auto wrong_name = asking_for<int()>([] { return "no_such_function"; });
constexpr auto empty_name = asking_for<int()>([] { return ""; });
constexpr auto of_a_dependency = asking_for<int(const char*)>([] { return "puts"; });
constexpr auto function_as_variable = [](auto& way) {
  auto module = way.open(way.file("toolbox"));
  [[maybe_unused]] const auto found = module.template symbol<int>("answer");
  return verdict{fate::lies, "gave a function's code as an int"};
};

constexpr auto variable_as_function = [](auto& way) {
  auto module = way.open(way.file("toolbox"));
  expect(module.template symbol<int()>("number")() == 42, "a variable cannot be called");
  return verdict{};
};

constexpr auto versioned = [](auto& way) {
  auto module = way.open(way.file("versioned"));
  expect(module.template symbol<int()>("versioned")() == 42, "a function with a version is found");
  module.reset();
  return way.let_go("versioned");
};

constexpr auto hidden = [](auto& way) {
  auto module = way.open(way.file("versioned"));
  [[maybe_unused]] const auto found = module.template symbol<int()>("hidden_by_script");
  return verdict{fate::lies, "found what is hidden"};
};

// Tenure's way is the factory table, whose stamp is compared; dlsym knows functions only.
auto make_shape(const raw_way::module& m) { return m.create<shape>("make_shape"); }
auto make_shape(const tenure::module& m) { return tenure::make<shape>(m, "square"); }

constexpr auto other_layout = [](auto& way) {
  auto object = make_shape(way.open(way.file("old_shape")));
  expect(object->sides() == 42, "the interface's second function is the module's second");
  object.reset();
  return way.let_go("old_shape");
};

constexpr auto same_layout = [](auto& way) {
  auto object = make_shape(way.open(way.file("shape")));
  expect(object->sides() == 42, "the interface's second function is the module's second");
  object.reset();
  return way.let_go("shape");
};

} // namespace

case_table symbol_cases() {
  const expectation stamped = refuses("the module's version is 1");
  const expectation typed = refuses("number");
  const expectation typed_too = refuses("answer");
  return {
      {"a23", "a plug-in was built against an older layout of the interface", other_layout, stamped},
      {"a23b", "a plug-in was built against the same layout", same_layout, survives()},
      {"c22", "a symbol that does not exist", wrong_name, refuses("no_such_function")},
      {"c22b", "a symbol without a name", empty_name, refuses("symbol")},
      {"c23", "a variable is called", variable_as_function, typed},
      {"c24", "a function is taken for a variable", function_as_variable, typed_too},
      {"c25", "a symbol with a version", versioned, survives()},
      {"c25b", "a symbol that the version script hides", hidden, refuses("hidden_by_script")},
      {"c26", "a symbol of the module's dependency", of_a_dependency, survives()},
  };
}

} // namespace misuse
