#include "base/thread_start.hpp"

#include "base/shortage.hpp"

#include <memory>
#include <string>
#include <utility>

#include <pthread.h>
#include <signal.h>

namespace alicorn {
namespace {

/// Counts as address space where that is limited. The usual default is eight MiB.
constexpr std::size_t kStackSize = 256 * 1024;

struct Start {
  std::string name;
  std::function<void()> body;
};

void* run(void* context) {
  const std::unique_ptr<Start> start(static_cast<Start*>(context));
  ::pthread_setname_np(::pthread_self(), start->name.c_str());
  start->body();
  return nullptr;
}

}  // namespace

Result<void> start_thread(const char* name, std::function<void()> body) {
  auto context = std::make_unique<Start>(Start{name, std::move(body)});
  sigset_t all, before;
  ::sigfillset(&all);
  // If these were blocked, they would end the process without its crash handler.
  for (const int fault : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS}) {
    ::sigdelset(&all, fault);
  }
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  ::pthread_attr_setstacksize(&attributes, kStackSize);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread{};
  const int error = ::pthread_create(&thread, &attributes, run, context.get());
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_attr_destroy(&attributes);
  if (error != 0) {
    return fail_task(TaskKind::kThread, error, "start the thread", name);
  }
  static_cast<void>(context.release());  // owned by the thread now
  return {};
}

}  // namespace alicorn
