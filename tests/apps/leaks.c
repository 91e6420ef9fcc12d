/* Keeps a quarter of a MiB for each request, up to 300 MiB in all. */
#include <alicorn/app.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { kPiece = 256 * 1024, kPiecesMax = 1200 };
static void* volatile kept[kPiecesMax];
static atomic_int pieces;

static int32_t on_request(alicorn_request* request) {
  const int piece = atomic_fetch_add(&pieces, 1);
  if (piece < kPiecesMax && (kept[piece] = malloc(kPiece)) != NULL) memset(kept[piece], 1, kPiece);
  return alicorn_respond(request, 200, "text/plain", alicorn_text("leaks\n"));
}
ALICORN_APP(0, .name = ALICORN_LITERAL("leaks"), .on_request = on_request);
