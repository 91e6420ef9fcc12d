// What a call tells the connection that waits for it. Worker, I/O thread.
#pragma once

namespace alicorn {

class AppCall;

class CallClient {
 public:
  virtual void on_call_changed() noexcept = 0;  ///< output, room for body, an end: look at the call
  /// Whether the client could go to another worker now, with the request of its call, which waits
  /// for a thread.
  virtual bool may_leave_with(AppCall& call) noexcept = 0;
  /// It is to go now, if the other worker can be reached.
  virtual void leave_with(AppCall& call) noexcept = 0;

 protected:
  ~CallClient() = default;
};

}  // namespace alicorn
