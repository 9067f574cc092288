// Usage: departure_tests [--instrumented] MODULE... : every case with every module, which are one source
// compiled in many ways. Prints what differs from the truth, and how often an unwinder would have missed what
// the departure check found.
#include "cases.hpp"
#include "os/call_site.hpp"

#include <cstring>
#include <memory>

namespace departure {
namespace {

struct tally {
  unsigned run = 0;
  unsigned wrong = 0;
  unsigned code_found = 0;      // by the departure check: frames and interrupted code
  unsigned unwinder_missed = 0; // of these
};

const char* name_of(os::stack_evidence evidence) {
  constexpr const char* names[] = {"nothing", "a return address", "interrupted code", "an exception"};
  return names[static_cast<unsigned>(evidence)];
}

// Instrumented hosts have frames with unused parts in which dead return addresses survive, and so have those
// of i386, which pads pushed arguments. There, and where calls are not recognised, only a miss is an error.
bool alarms_allowed = !os::calls_are_recognised || sizeof(void*) == 4;

bool as_expected(os::stack_evidence found, os::stack_evidence expected) {
  if (found == expected) return true;
  return alarms_allowed && found != os::stack_evidence::none;
}

bool points_into(const os::stack_finding& finding, const os::mapped_image& image) {
  return !finding || (image.whole.contains(finding.address) && finding.slot != 0);
}

void count_unwinder(const observer& host, const char* name, tally& sum) {
  if (!host.finding || host.finding.evidence == os::stack_evidence::exception_in_flight) return;
  ++sum.code_found;
  if (host.unwinder_saw) return;
  ++sum.unwinder_missed;
  std::printf("unwinder missed  %s\n", name);
}

void run_case(const test_case& each, const loaded_module& module, const char* variant, tally& sum) {
  observer host(module.image());
  wipe_dead_stack();
  each.run(module, host);
  ++sum.run;
  count_unwinder(host, each.name, sum);
  const bool right =
      as_expected(host.finding.evidence, each.expected) && points_into(host.finding, module.image());
  if (right && host.looks != 0) return;
  ++sum.wrong;
  std::printf("WRONG  %s, %s: found %s, true is %s (%u looks, image + 0x%zx)\n", variant, each.name,
              name_of(host.finding.evidence), name_of(each.expected), host.looks,
              static_cast<std::size_t>(host.finding.address - module.image().whole.begin));
}

void add(std::vector<test_case>& all, const std::vector<test_case>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

std::vector<test_case> all_cases(const loaded_module& module) {
  std::vector<test_case> all = call_cases();
  add(all, exception_cases(module));
  add(all, system_cases());
  return all;
}

const char* file_name(const char* path) {
  const char* const slash = std::strrchr(path, '/');
  return slash == nullptr ? path : slash + 1;
}

int run(int count, char** paths) {
  tally sum;
  for (int i = 0; i != count; ++i) {
    const auto loaded = std::make_unique<loaded_module>(paths[i]); // its bounds must not stand on the stack
    const loaded_module& module = *loaded;
    std::printf("%s\n", file_name(paths[i]));
    for (const test_case& each : all_cases(module)) run_case(each, module, file_name(paths[i]), sum);
  }
  std::printf("%u cases, %u wrong; of %u with code on the stack an unwinder missed %u\n", sum.run, sum.wrong,
              sum.code_found, sum.unwinder_missed);
  return sum.wrong == 0 && sum.run != 0 ? 0 : 1;
}

} // namespace
} // namespace departure

int main(int argc, char** argv) {
  const bool instrumented = argc > 1 && std::strcmp(argv[1], "--instrumented") == 0;
  departure::alarms_allowed |= instrumented;
  const int options = instrumented ? 2 : 1;
  return departure::run(argc - options, argv + options);
}
