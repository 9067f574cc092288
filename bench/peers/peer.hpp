// What there is to ask of one way, without its type.
#ifndef TENURE_BENCH_PEERS_PEER_HPP
#define TENURE_BENCH_PEERS_PEER_HPP

#include "../questions/beside_loads.hpp"
#include "../questions/churn.hpp"
#include "../questions/load.hpp"
#include "../questions/memory.hpp"
#include "../questions/open.hpp"
#include "../questions/symbol.hpp"
#include "way.hpp"

namespace bench {

struct peer {
  const char* name;
  role as;
  const char* header; // what whoever uses it includes; null where that is asked elsewhere
  void (*ask_together)(suite& s, module_files& files);
  void (*ask_thousand)(suite& s, module_files& files, const std::vector<std::string>& resident);
  void (*ask_beside_loads)(suite& s, module_files& files, loading_pace pace);
  double (*heap_bytes)(const std::vector<std::string>& files);
  void (*ask_scale)(suite& s, const std::vector<std::string>& resident);
};

template <way W> void ask_together(suite& s, module_files& files) {
  prepare<W>();
  ask_open<W>(s, files);
  ask_symbol<W>(s, files);
  ask_churn<W>(s, files);
  ask_load<W>(s, files);
  if constexpr (requires { W::ask_more(s, files); }) W::ask_more(s, files);
}

template <way W> void ask_thousand(suite& s, module_files& files, const std::vector<std::string>& resident) {
  prepare<W>();
  ask_open_many<W>(s, resident, "open, 1,000 modules");
  ask_load_one_more<W>(s, files);
}

template <way W> void ask_scale(suite& s, const std::vector<std::string>& resident) {
  prepare<W>();
  ask_open_many<W>(s, resident, scale_question(resident.size()));
}

template <way W> peer peer_of(const char* header) {
  return {W::name,          W::as,       header, ask_together<W>, ask_thousand<W>, ask_beside_loads<W>,
          heap_bytes_of<W>, ask_scale<W>};
}

// Those that were found when this was configured; the system's own loader first. Ours are not among them.
[[nodiscard]] std::vector<peer> all_peers();

} // namespace bench

#endif
