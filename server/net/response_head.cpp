#include "net/response_head.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

namespace doppel::net {
namespace {

constexpr std::array<std::string_view, 9> kOurs{
    "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive",  "Date",
    "Upgrade",        "Trailer",           "TE",         "X-Request-Id"};

bool is_ours(std::string_view name) {
  return std::ranges::any_of(kOurs,
                             [&](std::string_view one) { return http::same_name(one, name); });
}

void append(std::string_view name, std::string_view value, std::string& out) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

}  // namespace

std::optional<std::string> response_head(const http::Response& response, const HeadFacts& facts) {
  std::string out;
  out.reserve(512);
  out += "HTTP/1.1 " + std::to_string(response.status) + " ";
  out += http::reason_of(response.status);
  out += "\r\n";
  append("Date", facts.date, out);
  for (const auto& [name, value] : response.headers.fields) {
    if (!http::is_token(name) || !http::is_header_value(value)) return std::nullopt;
    if (!is_ours(name)) append(name, value, out);
  }
  append("X-Request-Id", facts.request_id, out);
  if (facts.framing == Framing::kLength) {
    append("Content-Length", std::to_string(facts.content_length), out);
  } else if (facts.framing == Framing::kChunked) {
    append("Transfer-Encoding", "chunked", out);
  }
  if (facts.afterwards == Afterwards::kClose) append("Connection", "close", out);
  return out + "\r\n";
}

std::string chunk_of(std::string_view piece) {
  return fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
}

}  // namespace doppel::net
