// Makes objects of a module that nobody holds between them.
#ifndef TENURE_BENCH_QUESTIONS_MAKER_HPP
#define TENURE_BENCH_QUESTIONS_MAKER_HPP

#include "../modules/object.hpp"

#include <tenure/tenure.hpp>
#if __has_include(<tenure/factory.hpp>)
#  include <tenure/factory.hpp>
#endif

namespace bench {

// What a program remembers of a module that it does not hold, in the words that the library has for it.
#if __has_include(<tenure/factory.hpp>)
using maker = tenure::factory<object>;
#else
class maker {
public:
  maker() = default;
  maker(const tenure::module& m, const char* name)
      : module_(m)
      , name_(name) {}
  [[nodiscard]] tenure::instance<object> create() const {
    const tenure::module m = module_.lock();
    return m ? m.create<object>(name_) : tenure::instance<object>();
  }

private:
  tenure::weak_module module_;
  const char* name_ = nullptr;
};
#endif

} // namespace bench

#endif
