#include "workers/connection/request_receiver.hpp"

#include "base/clock.hpp"

#include <string_view>

namespace alicorn {

HttpParser::Progress RequestReceiver::pump(AppCall& call) {
  if (reader_.input().empty()) return HttpParser::Progress::kNeedMore;
  const std::string_view piece = reader_.next_piece();
  const HttpParser::Progress progress = call.receive(reader_.parser(), piece.data(), piece.size());
  reader_.note_parsed(progress);
  return progress;
}

HttpParser::Progress RequestReceiver::prefetch(AppCall& call) {
  HttpParser::Progress progress = HttpParser::Progress::kNeedMore;
  while (progress == HttpParser::Progress::kNeedMore && call.body_has_room()) {
    InputBuffer& input = reader_.input();
    if (input.empty()) {
      if (socket_.reading() || has_ended_) break;
      char* space = input.space(1);
      const std::size_t count = socket_.read_now(space, input.room());
      if (count == 0) break;
      reader_.note_received(count);
    }
    progress = pump(call);
  }
  return progress;
}

void RequestReceiver::watch(AppCall& call) {
  if (socket_.reading() || has_ended_) return;
  if (!reader_.body_is_whole() && !call.body_has_room()) return reader_.stall();
  if (reader_.body() == RequestReader::Body::kStalled) reader_.read_on(to_us(now()));
  if (reader_.has_room_to_read()) socket_.start_read();
}

}  // namespace alicorn
