#include "workers/http/own_fields.hpp"

namespace alicorn {

OwnFields::OwnFields(std::string_view server) {
  lines_.append("Date: ").append(date_.text()).append("\r\n");
  if (!server.empty()) lines_.append("Server: ").append(server).append("\r\n");
}

void OwnFields::refresh(std::int64_t unix_seconds) {
  date_.refresh(unix_seconds);
  date_.text().copy(lines_.data() + kName, date_.text().size());
}

}  // namespace alicorn
