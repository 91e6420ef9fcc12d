/* An entry point, but no ELF note. It ends whoever loads it. */
#include <alicorn/app.h>
#include <stdlib.h>

__attribute__((constructor)) static void loaded(void) {
  abort();
}

const alicorn_app* alicorn_app_entry(const alicorn_host* host) {
  (void)host;
  return NULL;
}
