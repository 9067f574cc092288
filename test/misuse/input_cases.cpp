// Files and names that are no modules.
#include "case.hpp"

#include <fcntl.h>
#include <fstream>
#include <new>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace misuse {
namespace {

namespace fs = std::filesystem;

template <class Way> std::string written(Way& way, const std::string& bytes) {
  std::ofstream(way.scratch("libwritten.so"), std::ios::binary) << bytes;
  return way.scratch("libwritten.so");
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// `path_of(way)` is what is opened.
template <class PathOf> constexpr auto opening(PathOf) {
  return [](auto& way) { return open_and_close(way, PathOf{}(way)); };
}

constexpr auto empty = opening([](auto& way) { return written(way, ""); });
constexpr auto directory = opening([](auto& way) { return way.scratch(""); });
constexpr auto text = opening([](auto& way) { return written(way, "This is no library.\n"); });
constexpr auto linker_script = opening([](auto& way) { return written(way, "GROUP ( libc.so.6 )\n"); });
constexpr auto nonexistent = opening([](auto& way) { return way.scratch("libno.so"); });
constexpr auto dangling_link = opening([](auto& way) {
  fs::create_symlink(way.scratch("libno.so"), way.scratch("liblink.so"));
  return way.scratch("liblink.so");
});
constexpr auto link_loop = opening([](auto& way) {
  fs::create_symlink(way.scratch("libloop.so"), way.scratch("libloop.so"));
  return way.scratch("libloop.so");
});
constexpr auto device = opening([](auto&) { return std::string("/dev/zero"); });
constexpr auto fifo = opening([](auto& way) {
  ::mkfifo(way.scratch("libfifo.so").c_str(), 0600);
  return way.scratch("libfifo.so");
});
constexpr auto socket_file = opening([](auto& way) {
  fs::current_path(way.scratch(""));
  sockaddr_un address{AF_UNIX, "libsocket.so"};
  const int s = ::socket(AF_UNIX, SOCK_STREAM, 0);
  static_cast<void>(::bind(s, reinterpret_cast<const sockaddr*>(&address), sizeof address));
  return way.scratch("libsocket.so");
});
constexpr auto long_path = opening([](auto&) { return "/" + std::string(10000, 'x'); });
constexpr auto empty_path = opening([](auto&) { return std::string(); });
constexpr auto unreadable = opening([](auto& way) {
  const std::string path = way.copy("plain", "libplain.so");
  ::chmod(path.c_str(), 0);
  fs::permissions(way.scratch(""), fs::perms::all);
  if (::geteuid() == 0) static_cast<void>(::setresuid(65534, 65534, 65534)); // root may read it
  return path;
});

// Machine and class in an ELF header.
template <class Way> std::string patched(Way& way, std::size_t offset, const std::string& bytes) {
  std::string image = read(way.file("plain"));
  image.replace(offset, bytes.size(), bytes);
  return written(way, image);
}
constexpr std::size_t class_at = 4, order_at = 5, type_at = 16,
                      machine_at = 18; // in the header of an ELF file
constexpr auto other_machine = opening([](auto& way) { return patched(way, machine_at, {'\xb7', 0}); });
constexpr auto other_class = opening([](auto& way) { return patched(way, class_at, "\1"); });
constexpr auto other_order = opening([](auto& way) { return patched(way, order_at, "\2"); });
constexpr auto core_file = opening([](auto& way) { return patched(way, type_at, "\4"); });
constexpr auto pie = opening([](auto& way) { return way.other_file("misuse_pie"); });
constexpr auto nopie = opening([](auto& way) { return way.other_file("misuse_nopie"); });
constexpr auto object_file = opening([](auto& way) { return way.other_file("misuse_pie.p/program.cpp.o"); });
constexpr auto archive = opening([](auto& way) { return way.other_file("libmisuse_archive.a"); });
constexpr auto missing_dependency = opening([](auto& way) {
  return way.copy("needs_missing", "libneeds.so"); // its rpath leads nowhere
});
constexpr auto undefined_symbol = opening([](auto& way) { return way.file("undefined"); });
constexpr auto sparse = opening([](auto& way) {
  const std::string path = written(way, read(way.file("plain")).substr(0, 100));
  static_cast<void>(::truncate(path.c_str(), off_t{1} << 40));
  return path;
});

constexpr auto nul_in_path = [](auto& way) {
  const std::string path = way.file("plain") + std::string("\0.so", 4);
  const auto module = way.open_wide(path);
  return verdict{fate::lies, "opened the part before the NUL"};
};

// These are modules.
template <class Name> constexpr auto named(Name) {
  return [](auto& way) {
    auto module = way.open(way.copy("plain", Name{}()));
    expect(answer_of(module) == 42, "the function gives its answer");
    module.reset();
    return way.let_go(Name{}());
  };
}
constexpr auto spaces = named([] { return "lib with spaces .so"; });
constexpr auto utf8 = named([] { return "lib\u00fcml\u00e4ut \u8fd0\u884c.so"; });
constexpr auto bad_utf8 = named([] { return "lib\xff\xfe.so"; });
constexpr auto newline = named([] { return "lib\nof two lines.so"; });
constexpr auto no_suffix = named([] { return "module"; });
constexpr auto appended = [](auto& way) {
  auto module = way.open(written(way, read(way.file("plain")) + std::string(5000, '?')));
  expect(answer_of(module) == 42, "the function gives its answer");
  module.reset();
  return way.let_go("libwritten");
};

// Each step in a child of its own, which ends well if it opens or gets an error.
template <class Limit> constexpr auto under_limits(Limit) {
  return [](auto& way) {
    for (int step = 0; step != 64; ++step) {
      const pid_t child = ::fork();
      if (child == 0) {
        Limit{}(step);
        try {
          open_and_close(way, way.file("toolbox"));
        } catch (const std::bad_alloc&) { // no memory even for the words of the error
        } catch (const tenure::error&) {
        } catch (const refused&) {
        }
        ::_exit(0);
      }
      int status = -1;
      ::waitpid(child, &status, 0);
      if (status != 0) return verdict{fate::dies, "at step " + std::to_string(step)};
    }
    return verdict{};
  };
}

std::size_t address_space() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

constexpr auto out_of_memory = under_limits([](int step) {
  const rlim_t room = address_space() + static_cast<rlim_t>(step) * 8192;
  const rlimit limit{room, room};
  ::setrlimit(RLIMIT_AS, &limit);
});
constexpr auto out_of_descriptors = under_limits([](int step) {
  const rlimit limit{static_cast<rlim_t>(step), static_cast<rlim_t>(step)};
  ::setrlimit(RLIMIT_NOFILE, &limit);
});

} // namespace

case_table input_cases() {
  const auto refused_as = [](const char* id, const char* claim, body run, const char* message) {
    return test_case{id, claim, run, refuses(message)};
  };
  const auto right = [](const char* id, const char* claim, body run) {
    return test_case{id, claim, run, survives()};
  };
  test_case fifo_case = refused_as("c06", "a FIFO with no writer", fifo, "not a regular file");
  fifo_case.may_hang = true;
  return {
      refused_as("c01", "an empty file", empty, "empty"),
      refused_as("c02", "a directory", directory, "not a regular file"),
      refused_as("c03", "a text file", text, "not a shared library"),
      refused_as("c04", "no such file", nonexistent, "no such file"),
      refused_as("c04b", "a link that leads nowhere", dangling_link, "no such file"),
      refused_as("c04c", "a link that leads to itself", link_loop, "symbolic links"),
      refused_as("c05", "a file that may not be read", unreadable, "Permission denied"),
      fifo_case,
      refused_as("c07", "a device", device, "not a regular file"),
      refused_as("c07b", "a socket", socket_file, "not a regular file"),
      refused_as("c08", "a path with a NUL inside", nul_in_path, "NUL"),
      refused_as("c09", "a path of 10,000 characters", long_path, "too long"),
      refused_as("c10", "an empty path", empty_path, "empty"),
      right("c11", "a path with spaces", spaces),
      right("c12", "a UTF-8 path", utf8),
      right("c12b", "a path that is not UTF-8", bad_utf8),
      right("c12c", "a path with a line break", newline),
      right("c12d", "a file name without a suffix", no_suffix),
      refused_as("c13", "a file for another machine", other_machine, "machine"),
      refused_as("c14", "a file of 32 bits", other_class, "32"),
      refused_as("c14b", "a file of the other byte order", other_order, "machine"),
      refused_as("c15", "a position-independent executable", pie, "executable"),
      refused_as("c16", "an executable", nopie, "executable"),
      refused_as("c17", "an object file", object_file, "object"),
      refused_as("c18", "a static archive", archive, "archive"),
      refused_as("c19", "a linker script", linker_script, "not a shared library"),
      refused_as("c19b", "a core file", core_file, "core"),
      refused_as("c20", "a missing dependency", missing_dependency, "libmisuse_missing.so"),
      refused_as("c21", "an undefined function", undefined_symbol, "nobody_defines_this"),
      right("c27", "64 limits on memory", out_of_memory),
      right("c28", "64 limits on file descriptors", out_of_descriptors),
      refused_as("c29", "headers of a module, and a terabyte of nothing", sparse, "libwritten.so"),
      right("c35", "a module with something appended", appended),
  };
}

} // namespace misuse
