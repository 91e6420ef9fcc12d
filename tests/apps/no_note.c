/* Has an entry point, but no ELF note. Loading it ends the process. */
#include <alicorn/app.h>
#include <stdlib.h>

__attribute__((constructor)) static void loaded(void) {
  abort();
}

const alicorn_app* alicorn_app_entry(const alicorn_host* host) {
  (void)host;
  return NULL;
}
