#include "call.hpp"

#include "../peers/tenure.hpp"
#include "ours.hpp"

namespace bench {

void ask_our_calls(suite& s, module_files& files) {
  using tiny_api = tenure::api<tenure::fn<"tiny_fn", int(int)>>;
  const tenure_default way(files.copy("tiny"));
  const auto found = way.symbol("tiny_fn");
  ask_call(s, "function pointer", role::raw, found.get());
  ask_call(s, plain_name, role::ours, found);
  ask_call(s, "tenure, api", role::ours,
           [bound = way.held().bind<tiny_api>()](int n) { return bound.call<"tiny_fn">(n); });
}

} // namespace bench
