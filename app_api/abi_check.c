/* Holds alicorn/app.h to its promised layout, as strict C11: a change that moves a member does not
 * compile. The numbers are those of the 64-bit ABIs (LP64). tests/golden/abi/layout.txt
 * says the same in a form to read and compare. */
#include "alicorn/app.h"

#include <assert.h>

#define SIZE(type, bytes) static_assert(sizeof(type) == (bytes), #type)
#define MEMBER(type, member, at, bytes)                                                  \
  static_assert(offsetof(type, member) == (at) && sizeof(((type*)0)->member) == (bytes), \
                #type "." #member)
#define VALUE(name, number) static_assert((name) == (number), #name)

static_assert(sizeof(void*) == 8 && sizeof(size_t) == 8, "Alicorn runs on 64-bit systems");
static_assert(sizeof(void (*)(void)) == sizeof(void*),
              "functions in tables are as large as pointers");

SIZE(alicorn_string, 16);
MEMBER(alicorn_string, data, 0, 8);
MEMBER(alicorn_string, size, 8, 8);

SIZE(alicorn_field, 32);
MEMBER(alicorn_field, name, 0, 16);
MEMBER(alicorn_field, value, 16, 16);

SIZE(alicorn_buffer, 32);
MEMBER(alicorn_buffer, data, 0, 8);
MEMBER(alicorn_buffer, size, 8, 8);
MEMBER(alicorn_buffer, release, 16, 8);
MEMBER(alicorn_buffer, context, 24, 8);

SIZE(alicorn_request, 288);
MEMBER(alicorn_request, struct_size, 0, 4);
MEMBER(alicorn_request, method_id, 4, 4);
MEMBER(alicorn_request, host, 8, 8);
MEMBER(alicorn_request, token, 16, 8);
MEMBER(alicorn_request, worker_state, 24, 8);
MEMBER(alicorn_request, thread_state, 32, 8);
MEMBER(alicorn_request, method, 40, 16);
MEMBER(alicorn_request, target, 56, 16);
MEMBER(alicorn_request, path, 72, 16);
MEMBER(alicorn_request, query, 88, 16);
MEMBER(alicorn_request, scheme, 104, 16);
MEMBER(alicorn_request, authority, 120, 16);
MEMBER(alicorn_request, client_address, 136, 16);
MEMBER(alicorn_request, server_address, 152, 16);
MEMBER(alicorn_request, client_port, 168, 2);
MEMBER(alicorn_request, server_port, 170, 2);
MEMBER(alicorn_request, http_major, 172, 2);
MEMBER(alicorn_request, http_minor, 174, 2);
MEMBER(alicorn_request, header_count, 176, 4);
MEMBER(alicorn_request, trailer_count, 180, 4);
MEMBER(alicorn_request, headers, 184, 8);
MEMBER(alicorn_request, trailers, 192, 8);
MEMBER(alicorn_request, content_length, 200, 8);
MEMBER(alicorn_request, body, 208, 16);
MEMBER(alicorn_request, request_id, 224, 16);
MEMBER(alicorn_request, received_us, 240, 8);
MEMBER(alicorn_request, deadline_us, 248, 8);
MEMBER(alicorn_request, connection, 256, 8);
MEMBER(alicorn_request, request_number, 264, 8);
MEMBER(alicorn_request, mount, 272, 16);

SIZE(alicorn_host, 184);
MEMBER(alicorn_host, struct_size, 0, 4);
MEMBER(alicorn_host, abi_major, 4, 4);
MEMBER(alicorn_host, abi_minor, 8, 4);
MEMBER(alicorn_host, log_level, 12, 4);
MEMBER(alicorn_host, server_version, 16, 16);
MEMBER(alicorn_host, respond, 32, 8);
MEMBER(alicorn_host, send_file, 40, 8);
MEMBER(alicorn_host, begin, 48, 8);
MEMBER(alicorn_host, write, 56, 8);
MEMBER(alicorn_host, end, 64, 8);
MEMBER(alicorn_host, interim, 72, 8);
MEMBER(alicorn_host, body_next, 80, 8);
MEMBER(alicorn_host, defer, 88, 8);
MEMBER(alicorn_host, extend_deadline, 96, 8);
MEMBER(alicorn_host, after_response, 104, 8);
MEMBER(alicorn_host, annotate, 112, 8);
MEMBER(alicorn_host, complete, 120, 8);
MEMBER(alicorn_host, resume, 128, 8);
MEMBER(alicorn_host, cancelled, 136, 8);
MEMBER(alicorn_host, log, 144, 8);
MEMBER(alicorn_host, config_get, 152, 8);
MEMBER(alicorn_host, request_recycle, 160, 8);
MEMBER(alicorn_host, config_at, 168, 8);
MEMBER(alicorn_host, set_reason, 176, 8);

SIZE(alicorn_worker, 16);
MEMBER(alicorn_worker, struct_size, 0, 4);
MEMBER(alicorn_worker, slot, 4, 4);
MEMBER(alicorn_worker, generation, 8, 4);
MEMBER(alicorn_worker, threads, 12, 4);

SIZE(alicorn_app, 136);
MEMBER(alicorn_app, struct_size, 0, 4);
MEMBER(alicorn_app, abi_major, 4, 4);
MEMBER(alicorn_app, abi_minor, 8, 4);
MEMBER(alicorn_app, flags, 12, 4);
MEMBER(alicorn_app, run_model, 16, 4);
MEMBER(alicorn_app, reserved, 20, 4);
MEMBER(alicorn_app, name, 24, 16);
MEMBER(alicorn_app, version, 40, 16);
MEMBER(alicorn_app, preload, 56, 8);
MEMBER(alicorn_app, worker_init, 64, 8);
MEMBER(alicorn_app, thread_init, 72, 8);
MEMBER(alicorn_app, ready, 80, 8);
MEMBER(alicorn_app, on_request, 88, 8);
MEMBER(alicorn_app, drain, 96, 8);
MEMBER(alicorn_app, thread_exit, 104, 8);
MEMBER(alicorn_app, worker_exit, 112, 8);
MEMBER(alicorn_app, trace, 120, 8);
MEMBER(alicorn_app, interrupt, 128, 8);

VALUE(ALICORN_ABI_MAJOR, 1);
VALUE(ALICORN_ABI_MINOR, 1);
VALUE(ALICORN_OK, 0);
VALUE(ALICORN_WAIT, 1);
VALUE(ALICORN_FULL, 2);
VALUE(ALICORN_END, 3);
VALUE(ALICORN_ERROR, -1);
VALUE(ALICORN_ERROR_GONE, -2);
VALUE(ALICORN_ERROR_INVALID, -3);
VALUE(ALICORN_ERROR_STATE, -4);
VALUE(ALICORN_ERROR_THREAD, -5);
VALUE(ALICORN_ERROR_LIMIT, -6);
VALUE(ALICORN_ERROR_MEMORY, -7);
VALUE(ALICORN_ERROR_NOT_FOUND, -8);
VALUE(ALICORN_METHOD_OTHER, 0);
VALUE(ALICORN_METHOD_GET, 1);
VALUE(ALICORN_METHOD_HEAD, 2);
VALUE(ALICORN_METHOD_POST, 3);
VALUE(ALICORN_METHOD_PUT, 4);
VALUE(ALICORN_METHOD_DELETE, 5);
VALUE(ALICORN_METHOD_PATCH, 6);
VALUE(ALICORN_METHOD_OPTIONS, 7);
VALUE(ALICORN_LOG_DEBUG, 0);
VALUE(ALICORN_LOG_INFO, 1);
VALUE(ALICORN_LOG_WARNING, 2);
VALUE(ALICORN_LOG_ERROR, 3);
VALUE(ALICORN_EVENT_READABLE, 1);
VALUE(ALICORN_EVENT_WRITABLE, 2);
VALUE(ALICORN_EVENT_CANCELLED, 3);
VALUE(ALICORN_EVENT_FINISHED, 4);
VALUE(ALICORN_CANCEL_CLIENT_GONE, 1);
VALUE(ALICORN_CANCEL_DEADLINE, 2);
VALUE(ALICORN_CANCEL_DRAIN, 3);
VALUE(ALICORN_APP_THREAD_SAFE, 1);
VALUE(ALICORN_APP_PRELOAD_SAFE, 2);
VALUE(ALICORN_APP_STREAM_BODY, 4);
VALUE(ALICORN_RUN_POOL, 0);
VALUE(ALICORN_RUN_LOOP, 1);
