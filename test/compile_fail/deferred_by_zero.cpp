// error: deferred<0> is immediate
#include <tenure/policies/deferred.hpp>

tenure::policy::deferred<0> policy;
