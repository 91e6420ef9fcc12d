// The setting `hooks`: a map from names to commands, each a text for the shell or a list of words.
#include "server/config/nearest_name.hpp"
#include "server/config/special_fields.hpp"
#include "server/config/values.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace alicorn {
namespace {

constexpr std::array<std::string_view, 2> kShell = {"/bin/sh", "-c"};

/// Gunicorn's hooks that run in a worker, where the application is.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kOfTheApplication = {
    {{"post_fork", "worker_init"},
     {"post_worker_init", "ready"},
     {"worker_int", "drain"},
     {"pre_request", "on_request"},
     {"post_request", "after_response"},
     {"worker_exit", "worker_exit"}}};

Result<std::size_t> hook_named(std::string_view name) {
  const auto found = std::find(kHookNames.begin(), kHookNames.end(), name);
  if (found != kHookNames.end()) return static_cast<std::size_t>(found - kHookNames.begin());
  for (const auto& [hook, callback] : kOfTheApplication) {
    if (hook != name) continue;
    return fail("cannot hold " + std::string(name) +
                ": it runs in the worker, as the application's callback " + std::string(callback));
  }
  std::string why = "has an unknown hook \"" + std::string(name) + '"';
  const std::string_view nearest = nearest_name(name, {kHookNames.begin(), kHookNames.end()});
  if (!nearest.empty()) why.append(", did you mean \"").append(nearest).append("\"?");
  return fail(why);
}

/// The key "NAME" holds a text for the shell; "NAME.0", "NAME.1" hold words.
Result<void> add(HookCommands& hooks, const std::string& key, const std::string& value) {
  const std::size_t dot = key.find('.');
  const auto hook = hook_named(std::string_view(key).substr(0, dot));
  if (!hook) return tl::unexpected(hook.error());
  std::vector<std::string>& words = hooks.words[*hook];
  const std::string name(kHookNames[*hook]);
  if (dot == std::string::npos) {
    if (value.empty()) return fail("needs a command for " + name);
    words.assign(kShell.begin(), kShell.end());
  } else if (key.substr(dot + 1) != std::to_string(words.size())) {
    return fail("needs a text for the shell or a list of words for " + name);
  } else if (words.empty() && value.empty()) {
    return fail("needs the name of a program for " + name);
  }
  words.push_back(value);
  return {};
}

bool is_for_the_shell(const std::vector<std::string>& words) {
  return words.size() == kShell.size() + 1 &&
         std::equal(kShell.begin(), kShell.end(), words.begin());
}

}  // namespace

Field hooks_field() {
  Field field;
  field.shape = Field::Shape::kTree;
  field.style = Field::Style::kQuoted;
  field.allowed = "a map of hooks to commands, each a text for the shell or a list of words";
  field.set = [](Config& config, const Values& values) -> Result<void> {
    HookCommands hooks;
    for (const std::string& value : values) {
      const std::size_t equals = value.find('=');
      if (auto done = add(hooks, value.substr(0, equals), value.substr(equals + 1)); !done) {
        return done;
      }
    }
    config.hooks = std::move(hooks);
    return {};
  };
  field.get = [](const Config& config) {
    Values values;
    for (std::size_t hook = 0; hook < kHookNames.size(); ++hook) {
      const std::vector<std::string>& words = config.hooks.words[hook];
      const std::string name(kHookNames[hook]);
      if (is_for_the_shell(words)) {
        values.push_back(name + '=' + words.back());
        continue;
      }
      for (std::size_t i = 0; i < words.size(); ++i) {
        values.push_back(name + '.' + std::to_string(i) + '=' + words[i]);
      }
    }
    return values;
  };
  return field;
}

}  // namespace alicorn
