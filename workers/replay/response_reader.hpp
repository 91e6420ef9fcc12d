// Counts the whole responses in what the server has sent. A plain function of bytes; it knows only
// this server's responses. `alicorn replay`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

class ResponseReader {
 public:
  /// `methods`: those of the requests, in order; a response to HEAD has no body.
  explicit ResponseReader(std::vector<std::int32_t> methods) : methods_(std::move(methods)) {}

  void receive(std::string_view bytes);
  void end();  ///< the connection's end also ends a response without a length
  std::size_t complete() const { return complete_; }
  /// The last response is whole, and announced that it would end its connection.
  bool closed_in_order() const { return closes_ && part_ == Part::kStatusLine && line_.empty(); }
  int last_status() const { return status_; }  ///< 0: none yet

 private:
  enum class Part { kStatusLine, kFields, kBody, kUntilClose, kChunkSize, kChunkData, kTrailers };

  void on_line();
  void on_head_end();
  void finish_response();

  const std::vector<std::int32_t> methods_;
  std::size_t complete_ = 0;
  Part part_ = Part::kStatusLine;
  std::string line_;
  int status_ = 0;
  std::int64_t length_ = -1;  ///< -1: none given
  bool chunked_ = false, closes_ = false;
  std::uint64_t left_ = 0;  ///< for kBody and kChunkData
};

}  // namespace alicorn
