// A reload: reads the configuration file again and starts a new generation beside the old one. The
// first generation is opened in the same way. Master.
#pragma once

#include "base/result.hpp"
#include "server/arbiter/control_post.hpp"
#include "server/arbiter/file_chores.hpp"
#include "server/arbiter/fleet/fleet.hpp"
#include "server/arbiter/hooks/hooks.hpp"
#include "server/arbiter/listening.hpp"
#include "server/arbiter/log_files.hpp"
#include "server/arbiter/premises.hpp"
#include "server/arbiter/service_manager.hpp"
#include "server/arbiter/succession.hpp"

#include <cstdint>

namespace alicorn {

class Reloading {
 public:
  /// What it acts on; all of it outlives the reloading.
  struct Parts {
    const Premises& premises;
    Fleet& fleet;
    Succession& succession;
    FileChores& chores;
    Listening& listening;
    LogFiles& log_files;
    ControlPost& control;
    ServiceManager& service;
    Hooks& hooks;
  };
  explicit Reloading(const Parts& parts) : parts_(parts) {}

  /// The chore. The client who asked for it is answered when the new generation is on its way.
  void begin();
  /// At start, when nobody is kept waiting. Gives the generation's number.
  Result<std::uint32_t> open_first(const Listeners& inherited);

 private:
  ErrandFinds read_all() const;
  void open_files(const Config& config, ErrandFinds& finds) const;
  void answer(const Result<std::uint32_t>& generation);
  Result<std::uint32_t> take(Result<ErrandFinds> finds);
  Result<std::uint32_t> try_to_take(ErrandFinds& finds);
  Result<std::uint32_t> open(Config config, const Listeners& existing, ErrandFinds& finds);
  Result<void> prepare(std::uint32_t generation);
  void announce(std::uint32_t generation);

  Parts parts_;
};

}  // namespace alicorn
