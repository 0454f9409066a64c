#include "net/log.hpp"

#include <string_view>

#include "base/json.hpp"
#include "base/text.hpp"

namespace doppel::net {
namespace {

constexpr std::size_t kMostLetters = 512;

void append_text(std::string_view name, const std::string& value, std::string& out) {
  out += ",\"";
  out += name;
  out += "\":";
  append_json(printable(value, kMostLetters), out);
}

void append_number(std::string_view name, std::uint64_t value, std::string& out) {
  out += ",\"";
  out += name;
  out += "\":" + std::to_string(value);
}

}  // namespace

std::string to_line(const AccessRecord& record) {
  std::string out = "{\"event\":\"request\"";
  append_text("at", to_text(record.at), out);
  append_text("request_id", record.request_id, out);
  append_text("peer", record.peer, out);
  append_text("method", record.method, out);
  append_text("path", record.path, out);
  append_number("status", static_cast<std::uint64_t>(record.status), out);
  append_number("received", record.bytes_received, out);
  append_number("sent", record.bytes_sent, out);
  append_number("microseconds", record.microseconds, out);
  append_text("outcome", record.outcome, out);
  append_text("user_agent", record.user_agent, out);
  return out + "}";
}

std::string failure_line(Instant at, const std::string& request_id, const std::string& what) {
  std::string out = "{\"event\":\"failure\"";
  append_text("at", to_text(at), out);
  append_text("request_id", request_id, out);
  append_text("what", what, out);
  return out + "}";
}

}  // namespace doppel::net
