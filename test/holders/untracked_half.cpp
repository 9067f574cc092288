#include "halves.hpp"

#include <tenure/tenure.hpp>

#include <utility>
#include <vector>

struct untracked_holds {
  tenure::manager<> modules;
  std::vector<tenure::module> handles;
};

untracked_holds* hold_untracked(const char* path) {
  auto* const holds = new untracked_holds;
  for (int i = 0; i != 3; ++i) holds->handles.push_back(holds->modules.open(path));
  return holds;
}

std::uint32_t untracked_list_size(const untracked_holds& holds, std::uint32_t& unlisted) {
  const tenure::holder_list all = holds.handles.front().holders();
  unlisted = all.unlisted();
  return static_cast<std::uint32_t>(all.size());
}

void take_by_address(untracked_holds& holds, const void* code) {
  holds.handles.push_back(holds.modules.containing(code));
}

void drop_untracked(untracked_holds* holds) { delete holds; }
