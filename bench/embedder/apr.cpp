#include <apr_dso.h>
#include <apr_general.h>
#include <cstdio>

int main(int, char** arguments) {
  apr_pool_t* pool = nullptr;
  apr_dso_handle_t* module = nullptr;
  apr_dso_handle_sym_t found = nullptr;
  apr_status_t status = apr_initialize();
  if (status == APR_SUCCESS) status = apr_pool_create(&pool, nullptr);
  if (status == APR_SUCCESS) status = apr_dso_load(&module, arguments[1], pool);
  if (status == APR_SUCCESS) status = apr_dso_sym(&found, module, "tiny_fn");
  if (status != APR_SUCCESS) {
    char text[200];
    std::fprintf(stderr, "%s\n", module != nullptr ? apr_dso_error(module, text, sizeof text) : "no module");
    return 1;
  }
  const int answer = reinterpret_cast<int (*)(int)>(found)(1);
  apr_pool_destroy(pool);
  return answer;
}
