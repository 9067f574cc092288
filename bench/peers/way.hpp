// One way to load modules, as a type: a peer's file says how it opens and looks up, and every question is
// asked of all.
#ifndef TENURE_BENCH_PEERS_WAY_HPP
#define TENURE_BENCH_PEERS_WAY_HPP

#include "../speed/measurement.hpp"

#include <concepts>
#include <stdexcept>
#include <string>

namespace bench {

// An object of the type holds a module open. It has:
//   name                       of the library
//   as                         role::raw, role::peer or role::ours
//   path, path_of(string)      what it takes as a path, made beforehand
//   explicit Way(path)         opens; throws if it cannot
//   ~Way()                     closes what it opened, really
template <class W>
concept way = requires(const std::string& text, const typename W::path& path) {
  { W::name } -> std::convertible_to<const char*>;
  { W::as } -> std::convertible_to<role>;
  { W::path_of(text) } -> std::same_as<typename W::path>;
  W(path);
};

//   symbol(name)               the address of what is there, or what owns it
template <class W>
concept finds_symbols = way<W> && requires(const W& w, const char* name) {
  w.symbol(name);
};
template <class W>
concept finds_addresses = way<W> && requires(const W& w, const char* name) {
  { w.symbol(name) } -> std::same_as<void*>;
};

//   has(name)                  false for what is not there: the cheapest way that it has
template <class W>
concept knows_misses = way<W> && requires(const W& w, const char* name) {
  { w.has(name) } -> std::same_as<bool>;
};

//   ask_more(suite, files)     what only it can be asked

//   one_thread                 true if it may not be used by two threads at once
template <class W> constexpr bool takes_threads() {
  if constexpr (requires { W::one_thread; }) return !W::one_thread;
  return true;
}

//   opens_before               opens of a module before a further one costs what it always will
template <class W> constexpr unsigned opens_before() {
  if constexpr (requires { W::opens_before; }) return W::opens_before;
  return 0;
}

//   prepare()                  once in each process, before anything else
template <class W> void prepare() {
  if constexpr (requires { W::prepare(); }) W::prepare();
}

inline void must(bool done, const char* what) {
  if (!done) throw std::runtime_error(what);
}

} // namespace bench

#endif
