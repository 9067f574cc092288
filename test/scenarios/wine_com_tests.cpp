// Real in-process servers, which nobody here wrote: those that Wine ships, asked by DllCanUnloadNow. Which of
// them count honestly was found by asking all of them.
#include <tenure/end.hpp>
#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <string>
#include <thread>

#include <objbase.h>

namespace {

struct server {
  const char* file;
  CLSID clsid;
};

constexpr server mlang = {"mlang.dll",
                          {0x275c23e2, 0x3747, 0x11d0, {0x9f, 0xea, 0x00, 0xaa, 0x00, 0x3f, 0x86, 0x46}}};
constexpr server jscript = {"jscript.dll",
                            {0xf414c260, 0x6ac0, 0x11cf, {0xb6, 0xd1, 0x00, 0xaa, 0x00, 0xbb, 0xbb, 0x58}}};
constexpr server dmloader = {"dmloader.dll",
                             {0xd2ac2892, 0xb39b, 0x11d1, {0x87, 0x04, 0x00, 0x60, 0x08, 0x93, 0xb1, 0xbd}}};
constexpr server msxml = {"msxml3.dll",
                          {0xf5078f32, 0xc551, 0x11d3, {0x89, 0xb9, 0x00, 0x00, 0xf8, 0x1f, 0xe2, 0x21}}};
constexpr server dplay = {"dplayx.dll",
                          {0x2fe8f810, 0xb2a5, 0x11d0, {0xa7, 0x87, 0x00, 0x00, 0xf8, 0x03, 0xab, 0xfc}}};

constexpr IID unknown_id = {0x00000000, 0x0000, 0x0000, {0xc0, 0, 0, 0, 0, 0, 0, 0x46}};
constexpr IID factory_id = {0x00000001, 0x0000, 0x0000, {0xc0, 0, 0, 0, 0, 0, 0, 0x46}};

// The client's calls are made on a thread of their own, so that no word that they leave in dead places of a
// stack defers the close (the departure check takes such words for return addresses, which only postpones).
template <class Calls> void as_client(Calls&& calls) {
  std::thread client([&] {
    CHECK(SUCCEEDED(
        CoInitializeEx(nullptr, COINIT_MULTITHREADED))); // for the servers that want it; Tenure does not
    calls();
    CoUninitialize();
  });
  client.join();
}

using manager = tenure::manager<tenure::policy::periodic_sweep>;
constexpr tenure::duration at_once{0};

IClassFactory* class_object(const tenure::module& m, const CLSID& clsid) {
  using get_class_object = HRESULT WINAPI(REFCLSID, REFIID, void**);
  void* found = nullptr;
  REQUIRE(SUCCEEDED(m.symbol<get_class_object>("DllGetClassObject").get()(clsid, factory_id, &found)));
  return static_cast<IClassFactory*>(found);
}

IUnknown* create(IClassFactory* factory) {
  void* made = nullptr;
  REQUIRE(SUCCEEDED(factory->CreateInstance(nullptr, unknown_id, &made)));
  return static_cast<IUnknown*>(made);
}

// What a report says of a server.
std::string said_of(const tenure::unload_report& report, const server& s) {
  std::string said = "nothing";
  for (const tenure::unload_entry& e : report)
    if (std::string(e.path).find(s.file) != std::string::npos)
      said = tenure::to_string(e.outcome) +
             (e.outcome == tenure::unload_outcome::deferred ? std::string(": ") + e.detail : "");
  return said;
}

bool is_there(const server& s) { return GetModuleHandleA(s.file) != nullptr; }

} // namespace

TEST_CASE(
    "a real COM server says yes, no with an object, no with a lock, and yes again; then a sweep unloads it") {
  for (const server& s : {mlang, jscript, dmloader}) {
    const std::string file = s.file;
    CAPTURE(file);
    REQUIRE(!is_there(s));
    manager modules;
    IUnknown* object = nullptr;
    IClassFactory* factory = nullptr;
    as_client([&] {
      const tenure::module m = modules.open(s.file); // asked at the sweeps below, when no handle is left
      factory = class_object(m, s.clsid);
      object = create(factory);
    });
    CHECK(said_of(modules.sweep(at_once), s) == "vetoed");
    CHECK(said_of(modules.final_close(), s) == "vetoed");
    CHECK(is_there(s));
    as_client([&] {
      object->Release();
      factory->LockServer(TRUE);
    });
    CHECK(said_of(modules.sweep(at_once), s) == "vetoed");
    as_client([&] {
      factory->LockServer(FALSE);
      factory->Release();
    });
    CHECK(said_of(modules.sweep(at_once), s) == "gone");
    CHECK(!is_there(s));
  }
}

TEST_CASE("a real COM server that has made nothing says yes at once") {
  manager modules;
  as_client([&] { static_cast<void>(modules.open(mlang.file)); });
  CHECK(said_of(modules.sweep(at_once), mlang) == "gone");
  CHECK(modules.stats().vetoes == 0);
}

TEST_CASE("a real COM server that says no whatever happens stays, until it is forced") {
  manager modules;
  as_client([&] { static_cast<void>(modules.open(msxml.file)); });
  for (int i = 0; i != 3; ++i) CHECK(said_of(modules.sweep(at_once), msxml) == "vetoed");
  CHECK(said_of(tenure::end(modules, tenure::end_mode::force), msxml) == "gone");
  CHECK(!is_there(msxml));
}

TEST_CASE("a real COM server that says yes with an object alive stays while the host holds it") {
  manager modules;
  tenure::module held;
  IUnknown* object = nullptr;
  as_client([&] {
    held = modules.open(dplay.file);
    IClassFactory* const factory = class_object(held, dplay.clsid);
    object = create(factory);
    factory->Release();
    CHECK(held.symbol<HRESULT WINAPI()>("DllCanUnloadNow").get()() == S_OK); // it lies
  });
  static_cast<void>(modules.sweep(at_once));
  static_cast<void>(modules.final_close());
  CHECK(is_there(dplay));
  as_client([&] {
    CHECK(object->AddRef() == 2);
    object->Release();
    object->Release();
  });
  held.reset();
  CHECK(said_of(modules.sweep(at_once), dplay) == "gone");
}
