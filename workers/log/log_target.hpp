// The target of a LogWriter's lines: a file, the syslog daemon, or statsd. Worker, the writer's
// thread.
#pragma once

#include "base/append_file.hpp"
#include "base/datagram_socket.hpp"
#include "base/result.hpp"
#include "base/statsd.hpp"
#include "base/syslog.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace alicorn {

class LogTarget {
 public:
  virtual ~LogTarget() = default;

  /// Appends whole lines. After EAGAIN the rest is offered again; after any other error it is lost.
  virtual AppendFile::Outcome append(std::string_view lines) = 0;
  /// Number of lines that were accepted but turned out to be lost, since the last call.
  virtual std::uint64_t take_lost() { return 0; }
  /// The most bytes that may be offered at once.
  virtual std::size_t piece_size_max() const = 0;
  /// A longer line may be cut, or mixed with lines of other processes.
  virtual std::size_t line_size_max() const = 0;
  /// Becomes writable when there is room again. -1: nothing to wait for.
  virtual int fd() const = 0;
  virtual Result<void> reopen() = 0;
};

class FileTarget final : public LogTarget {
 public:
  /// "-" is standard output.
  static Result<std::unique_ptr<LogTarget>> open(const std::string& path);
  FileTarget(AppendFile file, std::string path);

  AppendFile::Outcome append(std::string_view lines) override { return file_.append(lines); }
  std::size_t piece_size_max() const override { return file_.atomic_size_max(); }
  std::size_t line_size_max() const override { return file_.atomic_size_max(); }
  int fd() const override { return file_.fd(); }
  Result<void> reopen() override;

 private:
  AppendFile file_;
  std::string path_;
};

/// Sends each line as a message of its own.
class SyslogTarget final : public LogTarget {
 public:
  SyslogTarget(const SyslogSettings& settings, std::string_view log) : syslog_(settings, log) {}

  AppendFile::Outcome append(std::string_view lines) override;
  std::uint64_t take_lost() override { return syslog_.take_lost(); }
  std::size_t piece_size_max() const override { return std::string_view::npos; }
  std::size_t line_size_max() const override { return Syslog::kMessageMax; }
  int fd() const override { return syslog_.fd(); }
  Result<void> reopen() override { return {}; }

 private:
  Syslog syslog_;
};

/// Sends many lines in a datagram.
class StatsdTarget final : public LogTarget {
 public:
  explicit StatsdTarget(const StatsdSettings& settings) : socket_(settings.address) {}

  AppendFile::Outcome append(std::string_view lines) override;
  std::uint64_t take_lost() override { return socket_.take_lost(); }
  std::size_t piece_size_max() const override { return std::string_view::npos; }
  std::size_t line_size_max() const override { return kStatsdDatagramMax; }
  int fd() const override { return socket_.fd(); }
  Result<void> reopen() override { return {}; }

 private:
  DatagramSocket socket_;
};

}  // namespace alicorn
