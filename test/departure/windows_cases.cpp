#include "cases.hpp"

namespace departure {
namespace {

using enum os::stack_evidence;

observer* current_host;
const loaded_module* current_module;

constexpr DWORD illegal_instruction_size = 2; // ud2

LONG CALLBACK look_and_go_on(EXCEPTION_POINTERS* stopped) {
  if (stopped->ExceptionRecord->ExceptionCode != EXCEPTION_ILLEGAL_INSTRUCTION)
    return EXCEPTION_CONTINUE_SEARCH;
  current_host->look();
  stopped->ContextRecord->Rip += illegal_instruction_size;
  return EXCEPTION_CONTINUE_EXECUTION;
}

void trapped(const loaded_module& module, observer& host) {
  current_host = &host;
  void* const handler = AddVectoredExceptionHandler(1, &look_and_go_on);
  const volatile int unused = 0;
  module.function<wait_function>("departure_trap")(unused);
  RemoveVectoredExceptionHandler(handler);
}

void call_module(const loaded_module& module, observer& host) {
  module.function<call_function>("departure_call")(&observer::look, &host);
}

void look_only(const loaded_module&, observer& host) { host.look(); }

using step = void (*)(const loaded_module&, observer&);

template <step Step> void on_thread(const loaded_module& module, observer& host) {
  current_host = &host;
  current_module = &module;
  const auto body = [](void*) -> DWORD {
    Step(*current_module, *current_host);
    return 0;
  };
  const HANDLE thread = CreateThread(nullptr, 0, body, nullptr, 0, nullptr);
  WaitForSingleObject(thread, INFINITE);
  CloseHandle(thread);
}

void* main_fiber;

template <step Step> void on_fiber(const loaded_module& module, observer& host) {
  current_host = &host;
  current_module = &module;
  main_fiber = ConvertThreadToFiber(nullptr);
  const auto body = [](void*) {
    Step(*current_module, *current_host);
    SwitchToFiber(main_fiber);
  };
  void* const fiber = CreateFiber(0, body, nullptr);
  SwitchToFiber(fiber);
  DeleteFiber(fiber);
  ConvertFiberToThread();
}

} // namespace

std::vector<test_case> system_cases() {
  return {
      {"hardware exception in the module", interrupted_code, trapped},
      {"module on a thread", return_address, on_thread<call_module>},
      {"thread, nothing of the module", none, on_thread<look_only>},
      {"module on a fiber", return_address, on_fiber<call_module>},
      {"fiber, nothing of the module", none, on_fiber<look_only>},
  };
}

} // namespace departure
