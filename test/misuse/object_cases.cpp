// Objects of a module that end their own module, or another's, while its code is on the stack.
#include "case.hpp"
#include "modules/interface.hpp"

#include <array>
#include <csignal>
#include <thread>
#include <unistd.h>

namespace misuse {
namespace {

// The last handle to a module, let go from inside the module; what the report said then.
template <class Way> struct last_handle {
  Way& way;
  typename Way::module module;
  verdict then{};

  static void let_go(void* self) {
    auto& mine = *static_cast<last_handle*>(self);
    mine.module.reset();
    mine.then = mine.way.let_go("toolbox");
  }
};

// Control is back in the host, and nothing refers to the module: now it must go.
template <class Way> verdict after_return(Way& way, const verdict& then) {
  const verdict now = way.let_go("toolbox");
  return now.is == fate::survives ? then : now;
}

constexpr auto self_release_in_destructor = [](auto& way) {
  last_handle<std::decay_t<decltype(way)>> last{way, way.open(way.file("toolbox"))};
  widget* const object = address_of<widget*()>(last.module, "make_widget")();
  object->in_destructor = last.let_go;
  object->context = &last;
  delete object;
  return after_return(way, last.then);
};

constexpr auto self_release_in_base = [](auto& way) {
  last_handle<std::decay_t<decltype(way)>> last{way, way.open(way.file("toolbox"))};
  widget* const object = address_of<widget*()>(last.module, "make_widget")();
  object->after_derived = last.let_go;
  object->context = &last;
  delete object;
  return after_return(way, last.then);
};

constexpr auto self_close_in_function = [](auto& way) {
  last_handle<std::decay_t<decltype(way)>> last{way, way.open(way.file("toolbox"))};
  const auto call_back = address_of<int(callback, void*)>(last.module, "call_back");
  expect(call_back(last.let_go, &last) == 42, "the function goes on after its module was closed");
  return after_return(way, last.then);
};

constexpr auto release_epilogue = [](auto& way) {
  auto module = way.open(way.file("toolbox"));
  const auto release = address_of<int(widget*, gate*)>(module, "release_object");
  widget* const object = address_of<widget*()>(module, "make_widget")();
  int ends[2];
  expect(::pipe(ends) == 0, "there is a pipe");
  gate g;
  g.wait_on = ends[0];
  int result = 0;
  std::thread other([&] { result = release(object, &g); });
  g.await_inside();
  module.reset();
  const verdict v = way.let_go("toolbox");
  expect(::write(ends[1], "", 1) == 1, "the other thread can go on");
  other.join();
  expect(result == 42, "Release comes back");
  return v;
};

// The module has called the host, where a signal comes, and its handler closes the module.
constexpr auto closed_in_signal_handler = [](auto& way) {
  using last_type = last_handle<std::decay_t<decltype(way)>>;
  static last_type* interrupted = nullptr;
  last_type last{way, way.open(way.file("toolbox"))};
  interrupted = &last;
  std::signal(SIGUSR1, [](int) { last_type::let_go(interrupted); });
  const auto call_back = address_of<int(callback, void*)>(last.module, "call_back");
  expect(call_back([](void*) { ::raise(SIGUSR1); }, nullptr) == 42, "the function goes on");
  return after_return(way, last.then);
};

template <class Way> struct nested {
  typename Way::template instance<widget> inner;
  static void destroy(void* self) { static_cast<nested*>(self)->inner.reset(); }
};

template <callback widget::*When>
constexpr auto nested_destruction = [](auto& way) {
  using way_type = std::decay_t<decltype(way)>;
  nested<way_type> other{way.open(way.file("second")).template create<widget>("make_widget")};
  auto outer = way.open(way.file("toolbox")).template create<widget>("make_widget");
  outer.get()->*When = other.destroy;
  outer->context = &other;
  outer.reset();
  const verdict first = way.let_go("second");
  return first.is == fate::survives ? way.let_go("toolbox") : first;
};

// The first is on the stack, by a method of its own, when both go.
template <class Way> struct two_objects {
  Way& way;
  typename Way::template instance<widget> first, second;
  verdict then{};
  static void destroy(void* self) {
    auto& mine = *static_cast<two_objects*>(self);
    mine.first.reset();
    mine.second.reset();
    mine.then = mine.way.let_go("toolbox");
  }
};

constexpr auto destroy_self_then_other = [](auto& way) {
  two_objects<std::decay_t<decltype(way)>> both{
      way, way.open(way.file("toolbox")).template create<widget>("make_widget"),
      way.open(way.file("second")).template create<widget>("make_widget")};
  expect(both.first.get()->call(both.destroy, &both) == 42, "the method comes back");
  return after_return(way, both.then);
};

// Each object's destructor destroys the next one; the last one releases the handles.
template <class Way> struct chain {
  Way& way;
  typename Way::module one, two;
  std::array<widget*, 100> objects{};
  std::size_t next = 0;
  verdict then{};
  static void destroy_next(void* self) {
    auto& mine = *static_cast<chain*>(self);
    if (mine.next != mine.objects.size()) {
      delete mine.objects[mine.next++];
      return;
    }
    mine.one.reset();
    mine.two.reset();
    mine.then = mine.way.let_go("toolbox");
  }
};

constexpr auto chain_of_100 = [](auto& way) {
  chain<std::decay_t<decltype(way)>> all{way, way.open(way.file("toolbox")), way.open(way.file("second"))};
  for (std::size_t i = 0; i != all.objects.size(); ++i) {
    all.objects[i] = address_of<widget*()>(i % 2 == 0 ? all.one : all.two, "make_widget")();
    all.objects[i]->in_destructor = all.destroy_next;
    all.objects[i]->context = &all;
  }
  all.destroy_next(&all);
  return after_return(way, all.then);
};

constexpr auto destroyed_on_other_thread = [](auto& way) {
  auto object = way.open(way.file("toolbox")).template create<widget>("make_widget");
  std::thread([taken = std::move(object)]() mutable { taken.reset(); }).join();
  return way.let_go("toolbox");
};

// The end of an instance while another object of the module is in its destructor.
constexpr auto instance_goes_in_own_destructor = [](auto& way) {
  using way_type = std::decay_t<decltype(way)>;
  auto module = way.open(way.file("toolbox"));
  nested<way_type> other{module.template create<widget>("make_widget")};
  auto outer = module.template create<widget>("make_widget");
  module.reset();
  outer->in_destructor = other.destroy;
  outer->context = &other;
  outer.reset();
  return way.let_go("toolbox");
};

} // namespace

case_table object_cases() {
  return {
      {"a01a", "an object's destructor releases the last handle to its own module",
       self_release_in_destructor, own_stack_sees()},
      {"a01b", "the same, from the interface's base class", self_release_in_base, own_stack_sees()},
      {"a01c", "Release still runs its epilogue while another thread closes the module", release_epilogue,
       threads_see()},
      {"a01d", "a function calls back the host, which closes the last handle", self_close_in_function,
       own_stack_sees()},
      {"a20", "a signal handler closes a module whose function is below it", closed_in_signal_handler,
       own_stack_sees()},
      {"a02a", "a destructor destroys the object of another module",
       nested_destruction<&widget::in_destructor>, survives()},
      {"a02b", "the same, from the interface's base class", nested_destruction<&widget::after_derived>,
       survives()},
      {"a02c", "a method destroys its own object, then another module's", destroy_self_then_other,
       own_stack_sees()},
      {"a02d", "100 objects of two modules destroy each other, the last releases both", chain_of_100,
       own_stack_sees()},
      {"a02e", "an object is destroyed on another thread", destroyed_on_other_thread, survives()},
      {"a02f", "an object's destructor destroys the last other object of its module",
       instance_goes_in_own_destructor, survives()},
  };
}

} // namespace misuse
