// What the benchmark and its modules agree on.
#ifndef TENURE_BENCH_MODULES_OBJECT_HPP
#define TENURE_BENCH_MODULES_OBJECT_HPP

class object {
public:
  virtual ~object() = default;
  virtual int value() const = 0;
};

#endif
