/* A shared object that uses every type of alicorn/app.h: abidw reads the ABI from its debug
 * information. */
#include "alicorn/app.h"

ALICORN_EXPORT void every_type(const alicorn_string* string, const alicorn_field* field,
                               const alicorn_buffer* buffer, alicorn_token token,
                               const alicorn_host* host, const alicorn_request* request,
                               const alicorn_worker* worker, const alicorn_app* app,
                               alicorn_event_function on_event, alicorn_resume_function on_resume);

void every_type(const alicorn_string* string, const alicorn_field* field,
                const alicorn_buffer* buffer, alicorn_token token, const alicorn_host* host,
                const alicorn_request* request, const alicorn_worker* worker,
                const alicorn_app* app, alicorn_event_function on_event,
                alicorn_resume_function on_resume) {
  (void)string, (void)field, (void)buffer, (void)token, (void)host, (void)request, (void)worker;
  (void)app, (void)on_event, (void)on_resume;
}
