#include "tests/support/net_client.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <utility>

#include <netdb.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/text.hpp"

namespace doppel::testing {
namespace {

constexpr int kPatienceSeconds = 60;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

std::size_t size_of_chunk(std::string_view line) {
  return std::stoul(std::string(line), nullptr, 16);
}

}  // namespace

std::string Answer::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

NetClient::NetClient(std::uint16_t port, const std::string& address) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    fail("no address");
  }
  descriptor_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{.tv_sec = kPatienceSeconds, .tv_usec = 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  const int result = ::connect(descriptor_, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  if (result != 0) {
    ::close(std::exchange(descriptor_, -1));
    fail("can't connect");
  }
}

NetClient::~NetClient() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

NetClient::NetClient(NetClient&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), input_(std::move(other.input_)) {}

bool NetClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void NetClient::close_half() { ::shutdown(descriptor_, SHUT_WR); }

void NetClient::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  ::close(std::exchange(descriptor_, -1));
}

bool NetClient::fill() {
  std::array<char, 16'384> buffer{};
  const auto count = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
  if (count < 0 && errno != ECONNRESET) fail("nothing to read");
  if (count <= 0) return false;
  input_.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

std::string NetClient::read_until(std::string_view text) {
  std::size_t found = input_.find(text);
  while (found == std::string::npos) {
    if (!fill()) throw std::runtime_error("the connection ended; so far: " + input_);
    found = input_.find(text);
  }
  std::string taken = input_.substr(0, found + text.size());
  input_.erase(0, taken.size());
  return taken;
}

Answer NetClient::read_answer(bool is_head) {
  Answer answer;
  const std::string head = read_until("\r\n\r\n");
  answer.status = std::stoi(head.substr(head.find(' ')));
  for (const std::string& line : split(head, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    answer.headers[to_lower_ascii(line.substr(0, colon))] = trim(line.substr(colon + 1));
  }
  if (is_head || answer.status == 204 || answer.status == 304 || answer.status < 200) return answer;
  if (answer.header("transfer-encoding") == "chunked") {
    while (const std::size_t size = size_of_chunk(read_until("\r\n"))) {
      while (input_.size() < size + 2) {
        if (!fill()) throw std::runtime_error("the connection ended in a chunk");
      }
      answer.body += input_.substr(0, size);
      input_.erase(0, size + 2);
    }
    read_until("\r\n");
  } else if (answer.headers.contains("content-length")) {
    const std::size_t size = std::stoul(answer.header("content-length"));
    while (input_.size() < size) {
      if (!fill()) throw std::runtime_error("the connection ended in the body");
    }
    answer.body = input_.substr(0, size);
    input_.erase(0, size);
  } else {
    answer.body = read_all();
  }
  return answer;
}

Answer NetClient::ask(std::string_view request) {
  send(request);
  return read_answer();
}

std::string NetClient::read_all() {
  while (fill()) {
  }
  return std::exchange(input_, {});
}

bool eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(kPatienceSeconds);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

std::size_t raise_open_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace doppel::testing
