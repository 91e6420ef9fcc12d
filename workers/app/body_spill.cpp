#include "workers/app/body_spill.hpp"

#include "workers/app/try_allocating.hpp"

#include <system_error>
#include <utility>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

namespace alicorn {
namespace {

/// -1: errno says why.
int open_nameless(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  // EISDIR: a kernel, EOPNOTSUPP: a file system that has no such files.
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return fd;
  std::string name = folder + "/alicorn-body-XXXXXX";
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

/// 0, or an errno.
int write_all(int fd, std::string_view bytes, std::uint64_t at) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written < 0 ? errno : EIO;
    bytes.remove_prefix(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
  return 0;
}

}  // namespace

/// Deletes itself.
struct BodySpill::Job final : DiskHelpers::Job {
  explicit Job(dev_t of) : DiskHelpers::Job(of), device(of) {}
  void run() noexcept override {
    if (!*file) {
      file->reset(open_nameless(*folder));
      is_refused = !*file;
    }
    error = is_refused ? errno : write_all(file->get(), bytes, at);
  }
  void on_done() noexcept override {
    const std::unique_ptr<Job> self(this);
    if (spill != nullptr) return spill->on_done(*this);
    helpers->close(std::move(*file), device);
  }

  const dev_t device;
  BodySpill* spill = nullptr;  ///< null: the request is over
  DiskHelpers* helpers = nullptr;
  std::shared_ptr<UniqueFd> file;
  const std::string* folder = nullptr;
  std::string bytes;
  std::uint64_t at = 0;
  int error = 0;
  bool is_refused = false;
};

void BodySpill::write(DiskHelpers& helpers, const Place& place, std::string& bytes) {
  Job* job = nullptr;
  const bool has_memory = try_allocating([&] {
    if (file_ == nullptr) file_ = std::make_shared<UniqueFd>();
    job = new Job(place.device);  // NOLINT(cppcoreguidelines-owning-memory)
  });
  if (!has_memory) {  // the bytes stay where they are
    if (size_ == 0) return;
    error_ = ENOMEM;
    state_ = State::kFailed;
    return;
  }
  job->spill = this;
  job->helpers = helpers_ = &helpers;
  job->file = file_;
  job->folder = &place.folder;
  device_ = place.device;
  job->bytes.swap(bytes);
  job->at = size_;
  size_ += job->bytes.size();
  source_ = &bytes;
  job_ = job;
  state_ = State::kWriting;
  if (helpers.submit(*job)) return;
  job->is_refused = size_ == job->bytes.size();
  job->error = EAGAIN;  // no thread can be started
  job_ = nullptr;
  take_back(*job);
  delete job;  // NOLINT(cppcoreguidelines-owning-memory)
}

/// The state after a job. Its memory is used again.
void BodySpill::take_back(Job& job) {
  error_ = job.error;
  if (job.is_refused) {
    state_ = State::kRefused;
    size_ = 0;
  } else {
    state_ = job.error == 0 ? State::kWritten : State::kFailed;
    job.bytes.clear();
  }
  if (source_->empty()) source_->swap(job.bytes);
}

void BodySpill::on_done(Job& job) {
  job_ = nullptr;
  take_back(job);
  owner_.on_written();
}

std::string_view BodySpill::map() {
  void* const memory = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file_->get(), 0);
  if (memory == MAP_FAILED) {
    error_ = errno;
    state_ = State::kFailed;
    return {};
  }
  mapping_ = memory;
  return {static_cast<const char*>(memory), size_};
}

std::string BodySpill::why() const {
  return std::error_code(error_, std::system_category()).message();
}

bool BodySpill::is_short_of_memory() const {
  return error_ == ENOMEM;
}

bool BodySpill::is_short_of_space() const {
  return error_ == ENOSPC || error_ == EDQUOT || error_ == EFBIG;
}

void BodySpill::end() {
  if (mapping_ != nullptr) ::munmap(std::exchange(mapping_, nullptr), size_);
  if (job_ != nullptr) {
    std::exchange(job_, nullptr)->spill = nullptr;  // it closes the file
  } else if (file_ != nullptr && *file_) {
    helpers_->close(std::move(*file_), device_);
  }
  file_.reset();
  size_ = 0;
  error_ = 0;
  state_ = State::kNone;
}

}  // namespace alicorn
