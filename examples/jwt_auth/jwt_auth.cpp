// The JWT service's entry point: see web/service.hpp, and README.md for what it serves.
#include "web/service.hpp"

ALICORN_CPP_WORKER(jwt_auth::Service, ALICORN_APP_THREAD_SAFE | ALICORN_APP_PRELOAD_SAFE);
