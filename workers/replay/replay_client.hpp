// The client's end of a replay: sends the recorded bytes, ends its side, and writes the responses
// to a descriptor as they come. If a response ends its connection, the remaining requests go to
// another one. Each conversation has a thread of its own, as a client outside the server would
// have: it shares nothing with the server's loop, and may wait for whoever reads the output.
// `alicorn replay`.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "workers/replay/recorded_requests.hpp"
#include "workers/replay/response_reader.hpp"

#include <functional>
#include <string_view>
#include <thread>

namespace alicorn {

class ReplayClient {
 public:
  /// `bytes` and `recording` must outlive the client. `on_end` runs on the conversation's thread,
  /// as its last step: the server has closed the connection.
  ReplayClient(std::string_view bytes, const RecordedRequests& recording, int output_fd,
               std::function<void()> on_end);
  /// Waits for the end of a conversation.
  ~ReplayClient() { join(); }
  ReplayClient(const ReplayClient&) = delete;
  ReplayClient& operator=(const ReplayClient&) = delete;

  /// Begins a conversation: sends the requests that have no response yet. Not during another one.
  Result<void> start(UniqueFd fd);

  // Not during a conversation:
  /// Its last response announced that the connection would end, and there are more requests.
  bool wants_another() const;
  bool output_failed() const { return output_failed_; }
  const ResponseReader& responses() const { return responses_; }

 private:
  void join();
  void talk(UniqueFd fd, std::string_view requests);

  const std::string_view bytes_;
  const RecordedRequests& recording_;
  const int output_fd_;
  const std::function<void()> on_end_;
  std::thread thread_;
  // Used by the conversation's thread while there is one.
  ResponseReader responses_;
  bool output_failed_ = false;
};

}  // namespace alicorn
