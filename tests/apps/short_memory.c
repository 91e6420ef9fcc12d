/* Repeats each call of the host with ever more memory until it succeeds: /respond, /lend, /write
 * ... The configuration has the address of the test's function that limits memory, as a number. */
#include <alicorn/app.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static void (*let_allocate)(int32_t times);
static const alicorn_host* host;
static atomic_int released;
/* Larger than the memory that calls keep from one request to the next. */
static char large[200 * 1024];
static const alicorn_field header = {ALICORN_LITERAL("x-large"), {large, 100 * 1024}};

static void count_release(void* context) {
  (void)context;
  atomic_fetch_add(&released, 1);
}
static void nothing(void* context) {
  (void)context;
}
static int32_t resumed(void* context, alicorn_request* request) {
  (void)context, (void)request;
  return ALICORN_OK;
}

static int32_t call(alicorn_request* request, alicorn_string name) {
  const alicorn_buffer copied = {large, sizeof(large), NULL, NULL};
  const alicorn_buffer lent[] = {{large, sizeof(large), count_release, NULL},
                                 {"", 0, count_release, NULL}};
  if (alicorn_equals(name, "/respond")) return host->respond(request, 200, &header, 1, &copied);
  if (alicorn_equals(name, "/lend")) return host->respond(request, 200, &header, 1, lent);
  if (alicorn_equals(name, "/write")) return host->write(request, lent, 2);
  if (alicorn_equals(name, "/end")) return host->end(request, &header, 1);
  if (alicorn_equals(name, "/interim")) return host->interim(request, 103, &header, 1);
  if (alicorn_equals(name, "/annotate"))
    return host->annotate(request, alicorn_text("a"), (alicorn_string){large, 1000});
  if (alicorn_equals(name, "/after_response")) return host->after_response(request, nothing, NULL);
  if (alicorn_equals(name, "/resume")) return host->resume(host, request->token, resumed, NULL);
  return ALICORN_ERROR;
}

/* The refusals of the last path, and how many releases are due for that path. */
static int refused, due;

static void try_until_it_succeeds(alicorn_request* request, alicorn_string name, int lent) {
  int32_t result = ALICORN_ERROR_MEMORY;
  released = due = 0;
  for (refused = -1; result == ALICORN_ERROR_MEMORY; refused++) {
    let_allocate(refused + 1);
    result = call(request, name);
    let_allocate(-1);
    due += lent;
  }
  if (result != ALICORN_OK) refused = -1;
}
static int32_t tell(alicorn_request* request) {
  char text[80];
  snprintf(text, sizeof(text), "refused %d times, released %s\n", refused,
           atomic_load(&released) == due ? "as it should" : "wrongly");
  return alicorn_respond(request, 200, "text/plain", alicorn_text(text));
}

static int32_t worker_init(const alicorn_host* the_host, const alicorn_worker* worker,
                           void* app_state, void** worker_state) {
  (void)worker, (void)app_state, (void)worker_state;
  host = the_host;
  memset(large, 'x', sizeof(large));
  alicorn_string address;
  const int32_t result = host->config_get(host, alicorn_text("let_allocate"), &address);
  if (result != ALICORN_OK) return result;
  let_allocate = (void (*)(int32_t))(uintptr_t)strtoull(address.data, NULL, 10);
  return ALICORN_OK;
}
static int32_t on_request(alicorn_request* request) {
  const alicorn_string name = request->path;
  if (alicorn_equals(name, "/counts")) return tell(request);
  const int writes = alicorn_equals(name, "/write"), ends = alicorn_equals(name, "/end");
  const int responds = alicorn_equals(name, "/respond"), lends = alicorn_equals(name, "/lend");
  if (writes || ends) host->begin(request, 200, NULL, 0, -1);
  if (alicorn_equals(name, "/resume")) host->defer(request, NULL, NULL);
  try_until_it_succeeds(request, name, writes ? 2 : lends);
  if (writes) return host->end(request, NULL, 0);
  if (ends || responds || lends) return ALICORN_OK;
  return alicorn_respond(request, 200, "text/plain", alicorn_text("done\n"));
}
ALICORN_APP(0, .name = ALICORN_LITERAL("short_memory"), .worker_init = worker_init,
            .on_request = on_request);
