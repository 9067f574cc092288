// error: noexcept|convert
#include <tenure/token.hpp>

void may_throw(void*, const tenure::final_revoke&);

tenure::token_source source({may_throw, nullptr});
