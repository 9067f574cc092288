// Makes objects of a module that nobody holds between them.
#ifndef TENURE_BENCH_QUESTIONS_MAKER_HPP
#define TENURE_BENCH_QUESTIONS_MAKER_HPP

#include "../modules/object.hpp"

#include <tenure/factory.hpp>

namespace bench {

// What a program remembers of a module that it does not hold.
using maker = tenure::factory<object>;

} // namespace bench

#endif
