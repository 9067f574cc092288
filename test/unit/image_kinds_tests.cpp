// What is not a library is named for what it is.
#include "support/byte_writer.hpp"

#include <doctest/doctest.h>

#include <string>

namespace image = tenure::image;
using image::cause;
using namespace std::literals;

namespace {

const image::target linux_64{image::format::elf, image::byte_order::little, 64, 62};

image::finding look_at(std::string_view content) {
  return tenure_test::check(tenure_test::bytes_of(content), image::level::headers, linux_64);
}

bool says(const image::finding& fault, std::string_view words) {
  return image::describe(fault).find(words) != std::string::npos;
}

} // namespace

TEST_SUITE_BEGIN("image: kinds of files");

TEST_CASE("an empty file is called empty") {
  CHECK(look_at("").what == cause::empty);
  CHECK(says(look_at(""), "the file is empty"));
}

TEST_CASE("text is called text, and a linker script a linker script") {
  CHECK(look_at("hello\n").what == cause::text);
  CHECK(look_at("/* GNU ld script */\nGROUP ( /lib/libc.so.6 )\n").what == cause::linker_script);
  CHECK(look_at("INPUT(-lfoo)\n").what == cause::linker_script);
  CHECK(look_at("#!/bin/sh\nexit 0\n").what == cause::script);
  CHECK(look_at("version https://git-lfs.github.com/spec/v1\n").what == cause::git_lfs_pointer);
  CHECK(says(look_at("INPUT(-lfoo)\n"), "a linker script"));
}

TEST_CASE("text in any encoding that keeps ASCII is text") {
  CHECK(look_at("Gr\xc3\xbc\xc3\x9f"
                "e\n")
            .what == cause::text);
}

TEST_CASE("archives, compressed files and other people's binaries are named") {
  CHECK(look_at("!<arch>\nfoo.o/").what == cause::static_archive);
  CHECK(look_at("!<thin>\nfoo.o/").what == cause::static_archive);
  CHECK(look_at("\x1f\x8b\x08\x01"sv).what == cause::compressed);
  CHECK(look_at("PK\x03\x04\x01\x02"sv).what == cause::compressed);
  CHECK(look_at("BC\xc0\xde\x01"sv).what == cause::llvm_bitcode);
  CHECK(look_at("\0asm\1\0\0\0"sv).what == cause::webassembly);
  CHECK(look_at("\xca\xfe\xba\xbe\0\0\0\x34"sv).what == cause::java_class);
  CHECK(says(look_at("!<arch>\nfoo.o/"), "static archive"));
}

TEST_CASE("a file of zeros was perhaps never written") {
  CHECK(look_at(std::string(5000, '\0')).what == cause::zeros);
  CHECK(says(look_at(std::string(5000, '\0')), "zero bytes"));
}

TEST_CASE("an unknown file is shown by its first bytes") {
  CHECK(look_at("\x01\x02\x03\x04\x05"sv).what == cause::unknown_format);
  CHECK(says(look_at("\x01\x02\x03\x04\x05"sv), "0x1020304"));
}

TEST_CASE("a library of another system is named by its format") {
  CHECK(look_at("MZ\x90\0\x03\0\0\0"sv).what == cause::foreign_format);
  CHECK(says(look_at("MZ\x90\0\x03\0\0\0"sv), "PE (Windows)"));
  CHECK(says(look_at("\xcf\xfa\xed\xfe\x07\0\0\x01"sv), "Mach-O (Apple)"));
}

TEST_CASE("a file that cannot be read to its size is unreadable, not damaged") {
  const image::source shorter{
      [](void*, std::uint64_t, void*, std::size_t) noexcept { return std::size_t{0}; }, nullptr, 100};
  const auto fault = image::check(shorter, image::level::headers, linux_64);
  CHECK(fault.what == cause::unreadable);
  CHECK(fault.expected == 100);
}

TEST_CASE("every cause has a sentence of its own") {
  for (int i = 0; i <= static_cast<int>(cause::too_many); ++i)
    for (int j = 0; j < i; ++j) {
      const auto one = image::describe({static_cast<cause>(i)}),
                 other = image::describe({static_cast<cause>(j)});
      CHECK_MESSAGE(one != other, one);
    }
}

TEST_CASE("this process can load its own kind") {
  const auto own = image::native();
  CHECK(own.kind != image::format::unknown);
  CHECK(own.bits == 8 * sizeof(void*));
  CHECK_FALSE(image::machine_name(own.kind, own.machine).empty());
}

TEST_SUITE_END();
