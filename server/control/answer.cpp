#include "server/control/answer.hpp"

#include "base/escape.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace alicorn {

namespace json = boost::json;

namespace {

std::string safe(std::string_view text) {
  std::string out;
  append_escaped(out, text, Escaping::kText);
  return out;
}

}  // namespace

std::string done(std::initializer_list<std::pair<std::string_view, std::int64_t>> numbers,
                 const std::vector<std::string>& notes) {
  json::object answer{{"ok", true}};
  for (const auto& [name, number] : numbers) answer[{name.data(), name.size()}] = number;
  json::array list;
  for (const std::string& note : notes) list.emplace_back(safe(note));
  if (!list.empty()) answer["notes"] = std::move(list);
  return json::serialize(answer);
}

std::string refusal(std::string_view reason) {
  return json::serialize(json::object{{"ok", false}, {"error", safe(reason)}});
}

}  // namespace alicorn
