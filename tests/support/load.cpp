#include "tests/support/load.hpp"

#include "tests/support/raw_http.hpp"

#include <optional>
#include <utility>

namespace alicorn::test {

Load::Load(const Address& address, Shape shape)
    : address_(address),
      shape_(std::move(shape)),
      answered_each_(static_cast<std::size_t>(shape_.clients + shape_.newcomers)) {
  running_ = shape_.clients + shape_.newcomers;
  for (int i = 0; i < shape_.clients + shape_.newcomers; ++i)
    threads_.emplace_back([this, i] { run_client(i); });
}

bool Load::goes_on(std::uint64_t requests) const {
  const std::uint64_t wanted = answered() + requests;
  return eventually([&] { return answered() >= wanted; });
}

void Load::run_client(int number) {
  const bool keeps = shape_.keep_alive && number < shape_.clients;
  std::vector<std::string> fields = shape_.fields;
  if (!keeps) fields.emplace_back("Connection: close");
  const std::string bytes = get(shape_.target, fields);
  std::optional<RawClient> client;
  while (!stopping_) {
    const bool is_new = !client;
    if (is_new) client.emplace(address_);
    if (!client->is_connected() || !client->send(bytes)) {
      // The server closed the connection between two requests: nothing had been sent.
      client.reset();
      if (!is_new) continue;
      ++refused_;
      if (shape_.stop_when_refused) break;
      std::this_thread::yield();
      continue;
    }
    const Response response = client->read_response();
    if (response.status == 200 && response.body == shape_.expected_body) {
      ++answered_;
      ++answered_each_[static_cast<std::size_t>(number)];
    } else {
      note_lost(response.problem.empty() ? response.head + response.body
                                         : response.problem + (is_new ? ", new" : ", kept alive"));
    }
    if (response.status == 0 || response.field("connection") == "close") client.reset();
  }
  --running_;
}

void Load::note_lost(const std::string& problem) {
  constexpr std::size_t kProblemsKept = 5;
  ++lost_;
  const std::lock_guard lock(mutex_);
  if (problems_.size() < kProblemsKept) problems_.push_back(problem);
}

LoadReport Load::stop() {
  stopping_ = true;
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  const std::lock_guard lock(mutex_);
  return {answered_, lost_, refused_, problems_};
}

}  // namespace alicorn::test
