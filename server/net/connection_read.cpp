// How a connection reads requests.
#include <algorithm>

#include "base/id.hpp"
#include "http/problem.hpp"
#include "net/connection.hpp"

namespace doppel::net {
namespace {

/// A line of a chunked body, or all lines behind it.
constexpr std::size_t kMostChunkLine = 16 * http::kKibibyte;
constexpr std::size_t kEmptyLine = 2;
constexpr std::size_t kMostIdLetters = 64;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

/// An id from elsewhere goes into logs and headers, so it must be plain.
bool is_sane_id(std::string_view id) {
  return !id.empty() && id.size() <= kMostIdLetters && std::ranges::all_of(id, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '-' || letter == '_' || letter == '.';
  });
}

}  // namespace

awaitable<Connection::Reading> Connection::read_request() {
  Reading reading = Reading::kRefused;
  try {
    reading = co_await read_head();
    if (reading == Reading::kRead) reading = co_await read_body();
    if (reading == Reading::kTimedOut) {
      throw Error(ErrorCode::kRequestTimeout, "the request didn't arrive in time");
    }
  } catch (const Error& error) {
    reading = Reading::kRefused;
    refuse(error);
  }
  co_return reading;
}

awaitable<Connection::Reading> Connection::read_head() {
  http::HeadScanner scanner;
  bool had_empty_line = false;
  enter(Phase::kIdle, core_.settings.times.idle);
  while (true) {
    if (phase_ == Phase::kIdle && !rest().empty()) {
      started_ = std::chrono::steady_clock::now();
      enter(Phase::kHead, core_.settings.times.head);
    }
    const auto end = scanner.scan(rest(), core_.settings.limits.head);
    if (end == kEmptyLine && !had_empty_line) {
      // RFC 9112, section 2.2: some clients send one after a body.
      had_empty_line = true;
      take(kEmptyLine);
      scanner = http::HeadScanner();
      continue;
    }
    if (end) {
      accept_head(rest().substr(0, *end));
      take(*end);
      break;
    }
    if (phase_ == Phase::kIdle && core_.is_draining) co_return Reading::kGone;
    const Reading reading = co_await fill();
    if (reading == Reading::kRead) continue;
    co_return phase_ == Phase::kIdle ? Reading::kGone : reading;
  }
  co_return Reading::kRead;
}

awaitable<Connection::Reading> Connection::read_body() {
  if (parser_->is_done()) co_return Reading::kRead;
  enter(Phase::kBody, core_.settings.times.body);
  if (expects_continue_ && rest().empty()) {
    Failure failure;
    co_await channel_.write(kContinue, failure);
    if (failure) co_return Reading::kGone;
  }
  std::string& body = exchange_->request.body;
  while (true) {
    if (!rest().empty()) take(parser_->feed_body(rest(), most_body_bytes_, body));
    if (exchange_->hold.hold(body.size()) > core_.settings.limits.all_bodies_bytes) {
      throw Error(ErrorCode::kOverloaded, "too many large requests are worked on");
    }
    if (parser_->is_done()) break;
    if (rest().size() > kMostChunkLine) {
      throw Error(ErrorCode::kMalformedRequest, "a line of the chunked body is too long");
    }
    const Reading reading = co_await fill();
    if (reading != Reading::kRead) co_return reading;
  }
  co_return Reading::kRead;
}

awaitable<Connection::Reading> Connection::fill() {
  input_.erase(0, begin_);
  begin_ = 0;
  const std::size_t before = input_.size();
  Failure failure;
  co_await channel_.read(input_, failure);
  const std::size_t count = input_.size() - before;
  core_.counters.bytes_received += count;
  if (count > 0) co_return Reading::kRead;
  if (is_aborted_) co_return Reading::kGone;
  co_return is_expired_ ? Reading::kTimedOut : Reading::kGone;
}

void Connection::take(std::size_t bytes) {
  begin_ += bytes;
  received_ += bytes;
}

void Connection::accept_head(std::string_view head) {
  const http::HeadShape shape = http::check_head(head, core_.settings.limits.head);
  version_ = shape.version;
  expects_continue_ = shape.expects_continue;
  method_ = shape.method;
  if (shape.asks_to_close || core_.is_draining) afterwards_ = Afterwards::kClose;
  parser_.emplace();
  parser_->feed_head(head);
  http::Request& request = exchange_->request;
  request.headers = parser_->take_headers();
  take_request_id();
  const auto method = http::method_of(shape.method);
  if (!method) {
    throw Error(ErrorCode::kUnsupported, "no resource takes this method",
                {.place = {}, .remedy = "use GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS"});
  }
  request.method = *method;
  request.target = http::parse_target(shape.target);
  if (request.target.path == "*" && request.method != http::Method::kOptions) {
    throw Error(ErrorCode::kMalformedRequest, "only OPTIONS is about no resource");
  }
  // RFC 9112, section 3.2.2: the absolute form says which host is meant.
  if (!request.target.authority.empty()) request.headers.set("Host", request.target.authority);
  most_body_bytes_ = core_.settings.limits.body_bytes;
  if (core_.settings.body_bytes_of) {
    most_body_bytes_ = core_.settings.body_bytes_of(request).value_or(most_body_bytes_);
  }
  if (shape.content_length.value_or(0) > most_body_bytes_) {
    throw Error(ErrorCode::kBodyTooLarge,
                "the body may have " + std::to_string(most_body_bytes_) + " bytes");
  }
}

void Connection::take_request_id() {
  http::Request& request = exchange_->request;
  const std::string_view given = request.headers.get("X-Request-Id");
  request.request_id = is_sane_id(given)
                           ? std::string(given)
                           : make_uuid7(core_.surroundings.clock, core_.surroundings.random);
}

void Connection::refuse(const Error& error) {
  if (exchange_->request.request_id.empty()) take_request_id();
  response_ = http::problem_response(error, exchange_->request.request_id);
  // Where the next request would begin isn't known.
  afterwards_ = Afterwards::kClose;
  must_linger_ = true;
  if (error.code() == ErrorCode::kRequestTimeout) outcome_ = "timed_out";
}

}  // namespace doppel::net
