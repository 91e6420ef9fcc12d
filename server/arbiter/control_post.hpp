// Where `alicorn ctl` finds the master: at which path, and when. Only one of the two masters of an
// upgrade can have the path. Master.
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

  /// Takes the path that this generation's configuration names.
  Result<void> open(std::uint32_t generation);
  /// The same, once the generation serves. During an upgrade the new master has the path until it
  /// ends. If an operator steps back to the old master by a reload, the old one goes on without the
  /// path until then.
  Result<void> expect(std::uint32_t generation);
  /// The goal's generation serves. Until then the new master of an upgrade leaves the path to the
  /// old one. If it cannot get the path, it keeps serving all the same.
  void take();
  /// Takes the path back from the new master of an upgrade, which is gone.
  void take_back();

 private:
  const Fleet& fleet_;
  const Upgrade& upgrade_;
  ControlDesk desk_;
};

}  // namespace alicorn
