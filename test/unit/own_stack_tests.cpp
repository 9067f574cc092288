// The departure check on this thread: what counts as a return address, and what an exception in flight needs.
#include "os/call_site.hpp"
#include "os/careful_reader.hpp"
#include "os/own_stack.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <ostream>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#if defined(__linux__)
#  include "os/interrupted_thread.hpp"
#endif
#if !defined(_WIN32)
#  include <csignal>
#  include <sys/mman.h>
#  include <unistd.h>
#endif

namespace os = tenure::os;
using os::stack_evidence;

static_assert(noexcept(os::scan_own_stack(std::declval<const os::mapped_image&>())));
static_assert(std::is_trivially_copyable_v<os::stack_finding>);
static_assert(!std::is_convertible_v<os::stack_finding, bool>);

namespace {

#if defined(_MSC_VER)
#  define NOT_INLINED __declspec(noinline)
#else
#  define NOT_INLINED __attribute__((noinline))
#endif

using bytes = std::vector<unsigned char>;

std::uintptr_t address_of(const void* object) { return reinterpret_cast<std::uintptr_t>(object); }

// True if an x86 call ends where these bytes end.
bool ends_in_x86_call(const bytes& code) {
  const os::address_range range{address_of(code.data()), address_of(code.data()) + code.size()};
  return os::follows_x86_call(os::bytes_before(range.end, range));
}

bool ends_in_s390x_call(const bytes& code) {
  const os::address_range range{address_of(code.data()), address_of(code.data()) + code.size()};
  return os::follows_s390x_call(os::bytes_before(range.end, range));
}

bool ends_in_riscv_call(const bytes& code) {
  const os::address_range range{address_of(code.data()), address_of(code.data()) + code.size()};
  return os::follows_riscv_call(os::bytes_before(range.end, range));
}

bool ends_in_aarch64_call(std::uint32_t instruction) {
  bytes code;
  for (unsigned shift = 0; shift != 32; shift += 8)
    code.push_back(static_cast<unsigned char>(instruction >> shift));
  const os::address_range range{address_of(code.data()), address_of(code.data()) + code.size()};
  return os::follows_aarch64_call(os::bytes_before(range.end, range));
}

os::mapped_image image_around(std::uintptr_t address, std::size_t reach, bool code) {
  os::mapped_image image;
  image.whole = {address - reach, address + reach};
  if (code) image.code[image.code_count++] = image.whole;
  return image;
}

#if defined(__GNUC__)
// Scans for the code that called this function.
NOT_INLINED os::stack_finding find_caller() {
  void* const to = __builtin_extract_return_addr(__builtin_return_address(0));
  const os::mapped_image image = image_around(address_of(to), 16, true);
  return os::scan_own_stack(image);
}
#endif

#if defined(__GNUC__) && !defined(_WIN32)
NOT_INLINED void* return_address() { return __builtin_extract_return_addr(__builtin_return_address(0)); }

// Where a call stood that has returned.
NOT_INLINED void* made_a_call_once() {
  void* volatile to = return_address(); // volatile: not a tail call
  return to;
}
#endif

struct thrown_here {
  virtual ~thrown_here() = default;
};

// An image that holds nothing but a type.
os::mapped_image image_of_type() { return image_around(address_of(&typeid(thrown_here)), 1, false); }

class scans_when_destroyed {
public:
  explicit scans_when_destroyed(os::stack_finding& result)
      : result_(result) {}
  scans_when_destroyed(const scans_when_destroyed&) = delete;
  scans_when_destroyed& operator=(const scans_when_destroyed&) = delete;
  ~scans_when_destroyed() { result_ = os::scan_own_stack(image_of_type()); }

private:
  os::stack_finding& result_;
};

} // namespace

TEST_CASE("every length of an x86 call is recognised") {
  CHECK(ends_in_x86_call({0xE8, 1, 2, 3, 4}));                   // call rel32
  CHECK(ends_in_x86_call({0xFF, 0xD0}));                         // call *%rax
  CHECK(ends_in_x86_call({0x41, 0xFF, 0xD4}));                   // call *%r12
  CHECK(ends_in_x86_call({0xFF, 0x10}));                         // call *(%rax)
  CHECK(ends_in_x86_call({0xFF, 0x14, 0x24}));                   // call *(%rsp)
  CHECK(ends_in_x86_call({0xFF, 0x14, 0xC7}));                   // call *(%rdi,%rax,8)
  CHECK(ends_in_x86_call({0xFF, 0x50, 0x18}));                   // call *0x18(%rax)
  CHECK(ends_in_x86_call({0xFF, 0x54, 0x24, 0x08}));             // call *8(%rsp)
  CHECK(ends_in_x86_call({0xFF, 0x15, 1, 2, 3, 4}));             // call *disp32(%rip)
  CHECK(ends_in_x86_call({0xFF, 0x90, 0x18, 1, 0, 0}));          // call *0x118(%rax)
  CHECK(ends_in_x86_call({0xFF, 0x94, 0x24, 0, 1, 0, 0}));       // call *0x100(%rsp)
  CHECK(ends_in_x86_call({0xFF, 0x14, 0xC5, 1, 2, 3, 4}));       // call *disp32(,%rax,8)
  CHECK(ends_in_x86_call({0x65, 0xFF, 0x15, 0x10, 0, 0, 0}));    // call *%gs:0x10
  CHECK(ends_in_x86_call({0x3E, 0xFF, 0xD0}));                   // notrack call *%rax
  CHECK(ends_in_x86_call({0xCC, 0xCC, 0xCC, 0xE8, 0, 0, 0, 0})); // whatever stands before
}

TEST_CASE("what is no x86 call is not taken for one") {
  CHECK_FALSE(ends_in_x86_call({}));
  CHECK_FALSE(ends_in_x86_call({0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90}));
  CHECK_FALSE(ends_in_x86_call({0xE9, 1, 2, 3, 4}));             // jmp
  CHECK_FALSE(ends_in_x86_call({0xFF, 0xE0}));                   // jmp *%rax
  CHECK_FALSE(ends_in_x86_call({0xFF, 0x18}));                   // far call
  CHECK_FALSE(ends_in_x86_call({0xFF, 0x14}));                   // needs another byte
  CHECK_FALSE(ends_in_x86_call({0xFF, 0x50, 0x18, 0x90}));       // the call ends one byte earlier
  CHECK_FALSE(ends_in_x86_call({0xFF, 0x10, 0x90, 0x90}));       // two bytes earlier
  CHECK_FALSE(ends_in_x86_call({0xFF, 0x14, 0x24, 1, 2, 3, 4})); // no displacement with this base
}

TEST_CASE("no byte before the code's begin is read") {
  const bytes call{0xE8, 1, 2, 3, 4};
  const os::address_range tail{address_of(call.data()) + 1, address_of(call.data()) + call.size()};
  CHECK_FALSE(os::follows_x86_call(os::bytes_before(tail.end, tail)));
  CHECK_FALSE(os::follows_call(tail.begin, tail));
  CHECK_FALSE(os::follows_call(tail.begin - 1, tail));
  CHECK_FALSE(os::follows_call(tail.end + 1, tail));
}

TEST_CASE("aarch64 calls are recognised, with and without authentication") {
  for (const std::uint32_t call : {0x94000010U, 0x97FFFFFFU, 0xD63F0200U, 0xD63F0A1FU, 0xD63F0E1FU,
                                   0xD73F0A11U, 0xD73F0E11U}) // bl, bl, blr, blraaz, blrabz, blraa, blrab
    CHECK(ends_in_aarch64_call(call));
  for (const std::uint32_t other : {0x14000010U, 0xD61F0200U, 0xD65F03C0U, 0xD503201FU}) // b, br, ret, nop
    CHECK_FALSE(ends_in_aarch64_call(other));
}

TEST_CASE("s390x calls are recognised in each of their lengths") {
  CHECK(ends_in_s390x_call({0xC0, 0xE5, 0, 0, 0x12, 0x34})); // brasl %r14, .
  CHECK(ends_in_s390x_call({0xA7, 0xE5, 0, 8}));             // bras %r14, .
  CHECK(ends_in_s390x_call({0x4D, 0xE0, 0x10, 0}));          // bas %r14, 0(%r1)
  CHECK(ends_in_s390x_call({0x0D, 0xE1}));                   // basr %r14, %r1
  CHECK_FALSE(ends_in_s390x_call({0xC0, 0xF4, 0, 0, 0, 8})); // jg
  CHECK_FALSE(ends_in_s390x_call({0xC0, 0xE0, 0, 0, 0, 8})); // larl
  CHECK_FALSE(ends_in_s390x_call({0x0D, 0xE0}));             // basr %r14, 0: only loads the address
  CHECK_FALSE(ends_in_s390x_call({0x07, 0xF1}));             // br %r1
  CHECK_FALSE(ends_in_s390x_call({}));
}

TEST_CASE("riscv64 calls are recognised in both of their lengths") {
  CHECK(ends_in_riscv_call({0xEF, 0, 0x40, 0}));          // jal ra, .
  CHECK(ends_in_riscv_call({0xE7, 0x80, 0x07, 0}));       // jalr ra, 0(a5)
  CHECK(ends_in_riscv_call({0x82, 0x97}));                // c.jalr a5
  CHECK_FALSE(ends_in_riscv_call({0x6F, 0, 0x40, 0}));    // j
  CHECK_FALSE(ends_in_riscv_call({0x67, 0x80, 0x07, 0})); // jr a5
  CHECK_FALSE(ends_in_riscv_call({0x82, 0x87}));          // c.jr a5
  CHECK_FALSE(ends_in_riscv_call({0x02, 0x90}));          // c.ebreak
  CHECK_FALSE(ends_in_riscv_call({}));
}

TEST_CASE("an image without code is on no stack") {
  CHECK_FALSE(static_cast<bool>(os::scan_own_stack(os::mapped_image{})));
}

#if defined(__GNUC__)
TEST_CASE("the code that called the scan's caller is on the stack") {
  const os::stack_finding found = find_caller();
  CHECK(found.evidence == stack_evidence::return_address);
  CHECK(found.address != 0);
  CHECK(found.slot % sizeof(void*) == 0);
}

#  if !defined(_WIN32)
TEST_CASE("a return address that lies dead in a frame's array needs nothing") {
  void* volatile array[64];
  for (void* volatile& word : array) word = made_a_call_once();
  const os::mapped_image image = image_around(address_of(array[0]), 16, true);
  CHECK_FALSE(static_cast<bool>(os::scan_own_stack(image)));
}
#  endif

#  if defined(__linux__) && defined(__x86_64__)
TEST_CASE(
    "the registers of a signal's handler that has returned need nothing, though a frame still has them") {
  static ucontext_t kept;
  const auto before = std::signal(SIGUSR1, SIG_IGN);
  struct sigaction keep {};
  keep.sa_sigaction = [](int, siginfo_t*, void* context) { kept = *static_cast<ucontext_t*>(context); };
  keep.sa_flags = SA_SIGINFO;
  ::sigaction(SIGUSR1, &keep, nullptr);
  ::raise(SIGUSR1);
  const ucontext_t dead = kept;                   // as a thread finds it on a stack that another one had
  __asm__ volatile("" : : "r"(&dead) : "memory"); // it is in this frame, and not just its one register
  const auto pc = static_cast<std::uintptr_t>(dead.uc_mcontext.gregs[REG_RIP]);
  CHECK_FALSE(static_cast<bool>(os::scan_own_stack(image_around(pc, 4, true))));
  std::signal(SIGUSR1, before);
}
#  endif

#  if defined(__linux__)
TEST_CASE("who is asked about an image that is closed meanwhile finds nothing of it, and does not fault") {
  static os::mapped_image image;
  static os::stack_finding found;
  struct sigaction look {};
  struct sigaction before {};
  look.sa_sigaction = [](int, siginfo_t*, void* context) {
    found = os::interrupted_thread(*static_cast<ucontext_t*>(context), address_of(__builtin_frame_address(0)))
                .scan(image);
  };
  look.sa_flags = SA_SIGINFO;
  ::sigaction(SIGUSR1, &look, &before);

  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const code = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(code != MAP_FAILED);
  constexpr std::size_t a_call = os::bytes_before::longest_call;
  std::memcpy(code, static_cast<char*>(made_a_call_once()) - a_call, a_call);
  image.code[image.code_count++] = {address_of(code), address_of(code) + page};
  volatile std::uintptr_t returns_to = address_of(code) + a_call;
  ::raise(SIGUSR1);
  CHECK(found.evidence == stack_evidence::return_address);
  CHECK(found.address == returns_to - 1);
  ::munmap(code, page);
  ::raise(SIGUSR1);
  CHECK_FALSE(static_cast<bool>(found));
  ::sigaction(SIGUSR1, &before, nullptr);
}
#  endif

TEST_CASE("an exception that is being handled needs its type") {
  os::stack_finding found;
  try {
    throw thrown_here();
  } catch (const thrown_here&) {
    found = os::scan_own_stack(image_of_type());
  }
  CHECK(found.evidence == stack_evidence::exception_in_flight);
  CHECK(found.address == address_of(&typeid(thrown_here)));
  CHECK_FALSE(static_cast<bool>(os::scan_own_stack(image_of_type())));
}

TEST_CASE("an exception that unwinds this thread needs its type") {
  os::stack_finding found;
  try {
    const scans_when_destroyed guard(found);
    throw thrown_here();
  } catch (const thrown_here&) {
    CHECK(found.evidence == stack_evidence::exception_in_flight);
  }
}

TEST_CASE("an exception that is kept, but not in flight, needs nothing") {
  const std::exception_ptr kept = std::make_exception_ptr(thrown_here());
  CHECK_FALSE(static_cast<bool>(os::scan_own_stack(image_of_type())));
}
#endif

TEST_CASE("a scan leaves errno alone") {
  errno = EDOM;
  (void)os::scan_own_stack(image_of_type());
  CHECK(errno == EDOM);
}

TEST_CASE("memory that is not there is an error, not a signal") {
  os::careful_reader reader;
  std::uintptr_t word = 0;
  const std::uintptr_t source = 0x1234;
  CHECK(reader.read(address_of(&source), &word, sizeof word));
  CHECK(word == source);
  CHECK_FALSE(reader.read(0, &word, sizeof word));
  CHECK_FALSE(reader.read(~std::uintptr_t{0} - 64, &word, sizeof word));
}

#if !defined(_WIN32)
TEST_CASE("a read that runs into an unreadable page fails as a whole, and the reader still works") {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const two = ::mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(two != MAP_FAILED);
  REQUIRE(::mprotect(static_cast<char*>(two) + page, page, PROT_NONE) == 0);
  os::careful_reader reader;
  char into[64];
  CHECK_FALSE(reader.read(address_of(two) + page - 32, into, sizeof into));
  CHECK_FALSE(reader.read(address_of(two) + page, into, sizeof into));
  CHECK(reader.read(address_of(two) + page - sizeof into, into, sizeof into));
  ::munmap(two, 2 * page);
}

TEST_CASE("a stack is readable down to its lowest page, or to a guard page inside of it") {
  constexpr std::size_t page = 4096, pages = 200;
  const os::address_range range = [] {
    void* const memory =
        ::mmap(nullptr, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return os::address_range{address_of(memory), address_of(memory) + pages * page};
  }();
  const auto guard = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  os::careful_reader reader;
  CHECK(reader.lowest_readable(range) == range.begin);
  CHECK(reader.lowest_readable({range.begin + 64, range.end - 64}) == range.begin + 64);
  CHECK(reader.lowest_readable({}) == 0);
  const std::uintptr_t guarded = range.begin + guard;
  REQUIRE(::mprotect(reinterpret_cast<void*>(guarded), guard, PROT_NONE) == 0);
  CHECK(reader.lowest_readable(range) == guarded + guard);
  ::munmap(reinterpret_cast<void*>(range.begin), pages * page);
}
#endif
