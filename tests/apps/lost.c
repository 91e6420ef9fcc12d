/* Hangs where a backtrace ends: /stack in a function whose return address is damaged, anything else
 * (on x86-64) in code that belongs to no file, with a word on the stack that is not an address. */
#define _DEFAULT_SOURCE  // MAP_ANONYMOUS
#include <alicorn/app.h>
#include <sys/mman.h>

#if defined(__clang__)
#define PLAIN __attribute__((noinline, optnone, no_sanitize("undefined", "address", "thread")))
#else
#define PLAIN                                                              \
  __attribute__((noinline, noipa, optimize("O0", "no-omit-frame-pointer"), \
                 no_sanitize("undefined", "address", "thread")))
#endif

static volatile int goes_on = 1;

PLAIN static void hang_on_damaged_stack(void) {
  void* volatile* frame = (void* volatile*)__builtin_frame_address(0);
  frame[1] = (void*)0x12345678;
  while (goes_on) continue;
}

static void hang_in_generated_code(void) {
#if defined(__x86_64__)
  /* sub rsp,8; mov qword [rsp],0x12345678; jmp itself */
  static const unsigned char code[] = {0x48, 0x83, 0xec, 0x08, 0x48, 0xc7, 0x04,
                                       0x24, 0x78, 0x56, 0x34, 0x12, 0xeb, 0xfe};
  void* memory =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  void (*function)(void) = NULL;
  if (memory == MAP_FAILED) return;
  memcpy(memory, code, sizeof(code));
  memcpy(&function, &memory, sizeof(function));
  function();
#endif
}

static int32_t on_request(alicorn_request* request) {
  if (alicorn_equals(request->path, "/stack")) hang_on_damaged_stack();
  hang_in_generated_code();
  return alicorn_respond(request, 200, "text/plain", alicorn_text("found\n"));
}
ALICORN_APP(0, .name = ALICORN_LITERAL("lost"), .on_request = on_request);
