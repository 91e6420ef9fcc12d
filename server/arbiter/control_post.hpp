// Where `alicorn ctl` finds the master: which path, and when. Of the two masters of an upgrade only
// one can have it. Master.
#pragma once

#include "base/result.hpp"
#include "server/arbiter/fleet/fleet.hpp"
#include "server/arbiter/upgrade/upgrade.hpp"
#include "server/control/control_desk.hpp"

#include <cstdint>

namespace alicorn {

class ControlPost {
 public:
  ControlPost(const Fleet& fleet, const Upgrade& upgrade) : fleet_(fleet), upgrade_(upgrade) {}

  ControlDesk& desk() { return desk_; }
  const ControlDesk& desk() const { return desk_; }

  /// At the path that this generation's configuration names, from now on.
  Result<void> open(std::uint32_t generation);
  /// The same once the generation serves. The new master of an upgrade has the path and leaves it
  /// with its end: the old one, to which an operator steps back by a reload, goes on without it
  /// until then.
  Result<void> expect(std::uint32_t generation);
  /// The goal's generation serves. The new master of an upgrade leaves the path to the old one
  /// until then, and if it cannot have the path, that is no reason to take down what serves.
  void take();
  /// From the new master of an upgrade, which is gone.
  void take_back();

 private:
  const Fleet& fleet_;
  const Upgrade& upgrade_;
  ControlDesk desk_;
};

}  // namespace alicorn
