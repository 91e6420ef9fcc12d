// Prints the layout of alicorn/app.h as C sees it, for abi_layout_test.cpp. Tests.
#include "alicorn/app.h"

#include <stdio.h>

#define SIZE(type) fprintf(out, "%s %zu\n", #type, sizeof(type))
#define MEMBER(type, member)                                              \
  fprintf(out, "%s.%s %zu %zu\n", #type, #member, offsetof(type, member), \
          sizeof(((type*)0)->member))
#define VALUE(name) fprintf(out, "%s %d\n", #name, (int)(name))

static void print_tables(FILE* out);
static void print_values(FILE* out);

void print_abi_layout(FILE* out);
void print_abi_layout(FILE* out) {
  SIZE(alicorn_string);
  MEMBER(alicorn_string, data);
  MEMBER(alicorn_string, size);
  SIZE(alicorn_field);
  MEMBER(alicorn_field, name);
  MEMBER(alicorn_field, value);
  SIZE(alicorn_buffer);
  MEMBER(alicorn_buffer, data);
  MEMBER(alicorn_buffer, size);
  MEMBER(alicorn_buffer, release);
  MEMBER(alicorn_buffer, context);
  SIZE(alicorn_request);
  MEMBER(alicorn_request, struct_size);
  MEMBER(alicorn_request, method_id);
  MEMBER(alicorn_request, host);
  MEMBER(alicorn_request, token);
  MEMBER(alicorn_request, worker_state);
  MEMBER(alicorn_request, thread_state);
  MEMBER(alicorn_request, method);
  MEMBER(alicorn_request, target);
  MEMBER(alicorn_request, path);
  MEMBER(alicorn_request, query);
  MEMBER(alicorn_request, scheme);
  MEMBER(alicorn_request, authority);
  MEMBER(alicorn_request, client_address);
  MEMBER(alicorn_request, server_address);
  MEMBER(alicorn_request, client_port);
  MEMBER(alicorn_request, server_port);
  MEMBER(alicorn_request, http_major);
  MEMBER(alicorn_request, http_minor);
  MEMBER(alicorn_request, header_count);
  MEMBER(alicorn_request, trailer_count);
  MEMBER(alicorn_request, headers);
  MEMBER(alicorn_request, trailers);
  MEMBER(alicorn_request, content_length);
  MEMBER(alicorn_request, body);
  MEMBER(alicorn_request, request_id);
  MEMBER(alicorn_request, received_us);
  MEMBER(alicorn_request, deadline_us);
  MEMBER(alicorn_request, connection);
  MEMBER(alicorn_request, request_number);
  MEMBER(alicorn_request, mount);
  print_tables(out);
  print_values(out);
}

static void print_tables(FILE* out) {
  SIZE(alicorn_host);
  MEMBER(alicorn_host, struct_size);
  MEMBER(alicorn_host, abi_major);
  MEMBER(alicorn_host, abi_minor);
  MEMBER(alicorn_host, log_level);
  MEMBER(alicorn_host, server_version);
  MEMBER(alicorn_host, respond);
  MEMBER(alicorn_host, send_file);
  MEMBER(alicorn_host, begin);
  MEMBER(alicorn_host, write);
  MEMBER(alicorn_host, end);
  MEMBER(alicorn_host, interim);
  MEMBER(alicorn_host, body_next);
  MEMBER(alicorn_host, defer);
  MEMBER(alicorn_host, extend_deadline);
  MEMBER(alicorn_host, after_response);
  MEMBER(alicorn_host, annotate);
  MEMBER(alicorn_host, complete);
  MEMBER(alicorn_host, resume);
  MEMBER(alicorn_host, cancelled);
  MEMBER(alicorn_host, log);
  MEMBER(alicorn_host, config_get);
  MEMBER(alicorn_host, request_recycle);
  MEMBER(alicorn_host, config_at);
  MEMBER(alicorn_host, set_reason);
  SIZE(alicorn_worker);
  MEMBER(alicorn_worker, struct_size);
  MEMBER(alicorn_worker, slot);
  MEMBER(alicorn_worker, generation);
  MEMBER(alicorn_worker, threads);
  SIZE(alicorn_app);
  MEMBER(alicorn_app, struct_size);
  MEMBER(alicorn_app, abi_major);
  MEMBER(alicorn_app, abi_minor);
  MEMBER(alicorn_app, flags);
  MEMBER(alicorn_app, run_model);
  MEMBER(alicorn_app, reserved);
  MEMBER(alicorn_app, name);
  MEMBER(alicorn_app, version);
  MEMBER(alicorn_app, preload);
  MEMBER(alicorn_app, worker_init);
  MEMBER(alicorn_app, thread_init);
  MEMBER(alicorn_app, ready);
  MEMBER(alicorn_app, on_request);
  MEMBER(alicorn_app, drain);
  MEMBER(alicorn_app, thread_exit);
  MEMBER(alicorn_app, worker_exit);
  MEMBER(alicorn_app, trace);
  MEMBER(alicorn_app, interrupt);
}

static void print_values(FILE* out) {
  VALUE(ALICORN_ABI_MAJOR);
  VALUE(ALICORN_ABI_MINOR);
  VALUE(ALICORN_OK);
  VALUE(ALICORN_WAIT);
  VALUE(ALICORN_FULL);
  VALUE(ALICORN_END);
  VALUE(ALICORN_ERROR);
  VALUE(ALICORN_ERROR_GONE);
  VALUE(ALICORN_ERROR_INVALID);
  VALUE(ALICORN_ERROR_STATE);
  VALUE(ALICORN_ERROR_THREAD);
  VALUE(ALICORN_ERROR_LIMIT);
  VALUE(ALICORN_ERROR_MEMORY);
  VALUE(ALICORN_ERROR_NOT_FOUND);
  VALUE(ALICORN_METHOD_OTHER);
  VALUE(ALICORN_METHOD_GET);
  VALUE(ALICORN_METHOD_HEAD);
  VALUE(ALICORN_METHOD_POST);
  VALUE(ALICORN_METHOD_PUT);
  VALUE(ALICORN_METHOD_DELETE);
  VALUE(ALICORN_METHOD_PATCH);
  VALUE(ALICORN_METHOD_OPTIONS);
  VALUE(ALICORN_LOG_DEBUG);
  VALUE(ALICORN_LOG_INFO);
  VALUE(ALICORN_LOG_WARNING);
  VALUE(ALICORN_LOG_ERROR);
  VALUE(ALICORN_EVENT_READABLE);
  VALUE(ALICORN_EVENT_WRITABLE);
  VALUE(ALICORN_EVENT_CANCELLED);
  VALUE(ALICORN_EVENT_FINISHED);
  VALUE(ALICORN_CANCEL_CLIENT_GONE);
  VALUE(ALICORN_CANCEL_DEADLINE);
  VALUE(ALICORN_CANCEL_DRAIN);
  VALUE(ALICORN_APP_THREAD_SAFE);
  VALUE(ALICORN_APP_PRELOAD_SAFE);
  VALUE(ALICORN_APP_STREAM_BODY);
  VALUE(ALICORN_RUN_POOL);
  VALUE(ALICORN_RUN_LOOP);
}
