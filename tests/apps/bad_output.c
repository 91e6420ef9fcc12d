/* Each path gives the server output that must not reach a client. */
#include <alicorn/app.h>

static alicorn_buffer text_buffer(const char* text) {
  alicorn_buffer buffer = {text, strlen(text), NULL, NULL};
  return buffer;
}

static int32_t respond_with(alicorn_request* request, int32_t status, const char* name,
                            const char* value) {
  const alicorn_field header = {alicorn_text(name), alicorn_text(value)};
  const alicorn_buffer body = text_buffer("12345");
  return request->host->respond(request, status, &header, 1, &body);
}

/* Begins with a Content-Length of 10, writes `text`, ends if `end`. */
static int32_t stream(alicorn_request* request, const char* text, int end) {
  const alicorn_host* host = request->host;
  const alicorn_buffer body = text_buffer(text);
  int32_t result = host->begin(request, 200, NULL, 0, 10);
  if (result >= 0) result = host->write(request, &body, 1);
  if (end && result >= 0) result = host->end(request, NULL, 0);
  return result;
}

static int32_t recover(alicorn_request* request) {
  if (respond_with(request, 200, "x-bad", "a\r\nset-cookie: forged=1") >= 0) return ALICORN_ERROR;
  return alicorn_respond(request, 200, "text/plain", alicorn_text("recovered\n"));
}

static int32_t on_request(alicorn_request* request) {
  const alicorn_string path = request->path;
  if (alicorn_equals(path, "/value-crlf")) return respond_with(request, 200, "x-bad", "a\r\nb: c");
  if (alicorn_equals(path, "/name-crlf")) return respond_with(request, 200, "x\r\ny", "z");
  if (alicorn_equals(path, "/name-space")) return respond_with(request, 200, "x y", "z");
  if (alicorn_equals(path, "/connection")) return respond_with(request, 200, "Connection", "close");
  if (alicorn_equals(path, "/chunked"))
    return respond_with(request, 200, "Transfer-Encoding", "chunked");
  if (alicorn_equals(path, "/length-long"))
    return respond_with(request, 200, "Content-Length", "10");
  if (alicorn_equals(path, "/length-short"))
    return respond_with(request, 200, "Content-Length", "2");
  if (alicorn_equals(path, "/status-low")) return respond_with(request, 99, "x", "y");
  if (alicorn_equals(path, "/status-high")) return respond_with(request, 1000, "x", "y");
  if (alicorn_equals(path, "/recover")) return recover(request);
  if (alicorn_equals(path, "/stream-short")) return stream(request, "12345", 1);
  if (alicorn_equals(path, "/stream-long")) return stream(request, "1234567890abc", 1);
  if (alicorn_equals(path, "/stream-unended")) return stream(request, "1234567890", 0);
  if (alicorn_equals(path, "/nothing")) return ALICORN_OK;
  if (alicorn_equals(path, "/fail")) return ALICORN_ERROR;
  if (alicorn_equals(path, "/fail-begun")) {
    stream(request, "12345", 0);
    return ALICORN_ERROR;
  }
  if (alicorn_equals(path, "/fail-answered")) {
    respond_with(request, 200, "x", "y");
    return ALICORN_ERROR;
  }
  if (alicorn_equals(path, "/twice")) respond_with(request, 200, "x", "y");
  return respond_with(request, 200, "x", "y");
}
ALICORN_APP(0, .name = ALICORN_LITERAL("bad_output"), .on_request = on_request);
