// What a module lets out, also where all else is hidden.
#ifndef TENURE_BENCH_MODULES_EXPORT_HPP
#define TENURE_BENCH_MODULES_EXPORT_HPP

#define MODULE_EXPORT extern "C" __attribute__((visibility("default")))

#endif
