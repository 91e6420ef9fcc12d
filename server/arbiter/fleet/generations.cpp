#include "server/arbiter/fleet/generations.hpp"

#include <algorithm>

namespace alicorn {
namespace {

bool has_listener(const Listeners& listeners, const std::shared_ptr<Listener>& listener) {
  return std::find(listeners.begin(), listeners.end(), listener) != listeners.end();
}

Listeners without(const Listeners& all, const Listeners& excluded) {
  Listeners rest;
  for (const auto& listener : all) {
    if (!has_listener(excluded, listener)) rest.push_back(listener);
  }
  return rest;
}

}  // namespace

std::uint32_t Generations::add(Generation generation) {
  generations_.emplace(++last_, std::move(generation));
  return last_;
}

std::vector<std::uint32_t> Generations::numbers() const {
  std::vector<std::uint32_t> numbers;
  for (const auto& [number, generation] : generations_) numbers.push_back(number);
  return numbers;
}

Listeners Generations::all_listeners() const {
  Listeners all;
  for (const auto& [number, generation] : generations_) {
    for (const auto& listener : generation.listeners) {
      if (!has_listener(all, listener)) all.push_back(listener);
    }
  }
  return all;
}

Listeners Generations::listeners_not_of(std::uint32_t number) const {
  return without(all_listeners(), at(number).listeners);
}

bool Generations::listens_like_others(std::uint32_t number) const {
  const Listeners& listeners = at(number).listeners;
  return std::all_of(generations_.begin(), generations_.end(), [&](const auto& entry) {
    const Listeners& others = entry.second.listeners;
    return without(listeners, others).empty() && without(others, listeners).empty();
  });
}

Listeners Generations::drop_unless(const std::function<bool(std::uint32_t)>& is_needed) {
  const Listeners before = all_listeners();
  std::erase_if(generations_, [&](const auto& entry) { return !is_needed(entry.first); });
  return without(before, all_listeners());
}

}  // namespace alicorn
