// Tenure loads shared libraries and decides when they may leave.
//
// What there is:
//   manager<Policy>     opens modules and lets them go          <tenure/manager.hpp>
//   module              a counted handle; weak_module           <tenure/module.hpp>
//   symbol<F>, api<...> functions and variables of a module     <tenure/symbol.hpp>, <tenure/api.hpp>
//   shortcut<F>         an address remembered where it is used  <tenure/shortcut.hpp>
//   instance<T>         an object that a module made            <tenure/instance.hpp>
//   factory<T>          makes such objects, again and again     <tenure/factory.hpp>
//   holder              who holds a module, and from which line <tenure/holder.hpp>
//   pin, guard          keep it resident; mark a raw call       <tenure/pin.hpp>, <tenure/guard.hpp>
//   unload_report       what is gone, what stays, and why       <tenure/report.hpp>
//   event, observe()    what happens to modules, told           <tenure/event.hpp>
//   module_list, text   all modules at a moment, and in words   <tenure/module_list.hpp>
//   error, failure      the cause and the whole story           <tenure/error.hpp>, <tenure/failure.hpp>
// Not included here, as they cost more or few need them: <tenure/sweeper.hpp> (a thread that sweeps),
// <tenure/format.hpp> (fmt), <tenure/keyed.hpp> (objects by key), <tenure/make.hpp> (objects of a plug-in by name),
// <tenure/token.hpp> (holds with an identity), <tenure/controller.hpp> (shut a module down while others have handles to
// it), <tenure/thread.hpp>, <tenure/end.hpp>, <tenure/lock_owner.hpp>, <tenure/dependency.hpp>, <tenure/cached_symbol.hpp>,
// <tenure/class_table.hpp>, <tenure/catalog.hpp> (plug-ins by what they offer), and the observers
// <tenure/observers/{log,ring,trace,probes}.hpp>. For modules: <tenure/plugin.h>, <tenure/plugin.hpp>.
//
// Which policy: see the table in <tenure/policy.hpp>. When in doubt, the default, deferred_one.
// When not to use Tenure: for a library that is loaded once and never goes; dlopen alone does that.
#ifndef TENURE_TENURE_HPP
#define TENURE_TENURE_HPP

#include <tenure/api.hpp>
#include <tenure/error.hpp>
#include <tenure/factory.hpp>
#include <tenure/guard.hpp>
#include <tenure/holder.hpp>
#include <tenure/instance.hpp>
#include <tenure/manager.hpp>
#include <tenure/pin.hpp>
#include <tenure/policies/adaptive.hpp>
#include <tenure/policies/distributed.hpp>
#include <tenure/policies/final_close.hpp>
#include <tenure/policies/immediate.hpp>
#include <tenure/policies/keep_warm.hpp>
#include <tenure/policies/limit_idle_bytes.hpp>
#include <tenure/policies/periodic_sweep.hpp>
#include <tenure/policies/resident.hpp>
#include <tenure/shortcut.hpp>
#include <tenure/symbol.hpp>

#endif
