// A module's functions for a host, through Tenure.
#ifndef TENURE_BENCH_SESSION_SYMBOLS_HPP
#define TENURE_BENCH_SESSION_SYMBOLS_HPP

#include "host.hpp"

#include <tenure/symbol.hpp>

#include <vector>

namespace session {

// Each symbol that was found is a reference to its module.
class symbols final : public exports {
public:
  explicit symbols(tenure::module m)
      : module_(std::move(m)) {}
  void* find(const char* name) override {
    tenure::failure missing;
    auto found = module_.symbol<void()>(name, missing);
    if (!found) return nullptr;
    found_.push_back(std::move(found));
    return reinterpret_cast<void*>(found_.back().get());
  }

private:
  tenure::module module_;
  std::vector<tenure::symbol<void()>> found_;
};

} // namespace session

#endif
