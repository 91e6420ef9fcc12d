// What a call tells the connection that waits for it. Worker, I/O thread.
#pragma once

namespace alicorn {

class CallClient {
 public:
  virtual void on_call_changed() noexcept = 0;  ///< output, room for body, an end: look at the call

 protected:
  ~CallClient() = default;
};

}  // namespace alicorn
