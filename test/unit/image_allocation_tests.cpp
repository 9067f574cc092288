// Level `headers` allocates nothing; level `tables` survives that nothing can be allocated. Replaces operator
// new, so it is a program of its own.
#include "support/elf_builder.hpp"
#include "support/macho_builder.hpp"
#include "support/pe_builder.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <new>

namespace image = tenure::image;
using image::cause;
using image::level;

namespace {
unsigned allocations = 0;
bool exhausted = false;

void* allocate(std::size_t size) noexcept {
  ++allocations;
  return exhausted ? nullptr : std::malloc(size == 0 ? 1 : size);
}
} // namespace

void* operator new(std::size_t size) {
  if (void* memory = allocate(size)) return memory;
  throw std::bad_alloc();
}
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
// Not inlined: GCC would warn of a free() of what a new gave.
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { operator delete(memory); }
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
void operator delete[](void* memory, std::size_t) noexcept { operator delete(memory); }

namespace {

unsigned allocations_of(const auto& file, level depth) {
  const auto process = file.process();
  const auto before = allocations;
  const auto fault = tenure_test::check(file.data, depth, process);
  const auto after = allocations;
  CHECK_FALSE(fault);
  return after - before;
}

image::finding without_memory(const auto& file, level depth) {
  const auto process = file.process();
  exhausted = true;
  const auto fault = tenure_test::check(file.data, depth, process);
  exhausted = false;
  return fault;
}

} // namespace

TEST_SUITE_BEGIN("image: allocation");

TEST_CASE("level headers allocates nothing") {
  CHECK(allocations_of(tenure_test::build_elf(), level::headers) == 0);
  CHECK(allocations_of(tenure_test::build_pe(), level::headers) == 0);
  CHECK(allocations_of(tenure_test::build_macho(), level::headers) == 0);
}

TEST_CASE("level tables allocates a handful of blocks") {
  const auto count = allocations_of(tenure_test::build_elf(), level::tables);
  CHECK(count > 0);
  CHECK(count <= 4);
}

TEST_CASE("level tables without memory is a finding, level headers does not notice") {
  CHECK(without_memory(tenure_test::build_elf(), level::tables).what == cause::out_of_memory);
  CHECK_FALSE(without_memory(tenure_test::build_elf(), level::headers));
}

TEST_SUITE_END();
