#include "cases.hpp"
#include "os/call_site.hpp"

#include <memory>

namespace departure {
namespace {

using enum os::stack_evidence;

template <const char* Name> void through(const loaded_module& module, observer& host) {
  module.function<call_function>(Name)(&observer::look, &host);
}

template <const char* Name> void through_table(const loaded_module& module, observer& host) {
  call_table table{};
  table.first = table.near_by[3] = table.far_off[3] = &observer::look;
  module.function<table_function>(Name)(table, 3, &host);
}

template <unsigned Depth> void recursion(const loaded_module& module, observer& host) {
  module.function<recurse_function>("departure_recurse")(Depth, &observer::look, &host);
}

void virtual_call(const loaded_module& module, observer& host) {
  class looking final : public listener {
  public:
    explicit looking(observer& host)
        : host_(host) {}
    void called() override { host_.look(); }

  private:
    observer& host_;
  } to(host);
  module.function<listen_function>("departure_virtual")(to);
}

void after_return(const loaded_module& module, observer& host) {
  // Not a local variable: its finding would be a number on the stack that points into the module.
  const auto inside = std::make_unique<observer>(module.image());
  recursion<100>(module, *inside);
  wipe_dead_stack();
  host.look();
}

constexpr char call[] = "departure_call", plt[] = "departure_plt", bare[] = "departure_bare_middle";
constexpr char tail[] = "departure_tail";
constexpr char first[] = "departure_first", near_by[] = "departure_near", far_off[] = "departure_far";
constexpr char near_indexed[] = "departure_near_indexed", far_indexed[] = "departure_far_indexed";

} // namespace

std::vector<test_case> call_cases() {
  return {
      {"call through a register", return_address, through<call>},
      {"recursion, depth 20", return_address, recursion<20>},
      {"recursion, depth 100", return_address, recursion<100>},
      {"recursion, depth 2000", return_address, recursion<2000>},
      {"virtual call", return_address, virtual_call},
      {"call through memory", return_address, through_table<first>},
      {"call through memory, short offset", return_address, through_table<near_by>},
      {"call through memory, long offset", return_address, through_table<far_off>},
      {"call through a table, short offset", return_address, through_table<near_indexed>},
      {"call through a table, long offset", return_address, through_table<far_indexed>},
      {"call of another library", return_address, through<plt>},
      {"library without unwind tables between", return_address, through<bare>},
      {"tail call", none, os::calls_are_recognised ? through<tail> : after_return}, // see tail.cpp
      {"after the return", none, after_return},
  };
}

} // namespace departure
