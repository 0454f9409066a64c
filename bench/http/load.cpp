#include "bench/http/load.hpp"

#include <array>
#include <chrono>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace doppel::bench {
namespace {

using Clock = std::chrono::steady_clock;

void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

int connect_to(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  require(descriptor >= 0, "no socket: are there enough file descriptors?");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  require(::connect(descriptor, generic, sizeof(address)) == 0, "can't connect");
  const int yes = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  return descriptor;
}

void send_all(int descriptor, const std::string& text) {
  const auto sent = ::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL);
  require(sent == static_cast<ssize_t>(text.size()), "can't send");
}

}  // namespace

Connections::Connections(std::uint16_t port, std::size_t count) : poll_(::epoll_create1(0)) {
  for (std::size_t i = 0; i < count; ++i) {
    descriptors_.push_back(connect_to(port));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    ::epoll_ctl(poll_, EPOLL_CTL_ADD, descriptors_.back(), &event);
  }
}

Connections::~Connections() {
  for (const int descriptor : descriptors_) ::close(descriptor);
  ::close(poll_);
}

std::size_t Connections::answer_bytes(const std::string& request) {
  send_all(descriptors_[0], request);
  std::string answer;
  std::array<char, 4096> buffer{};
  std::size_t whole = 0;
  while (whole == 0 || answer.size() < whole) {
    const auto count = ::recv(descriptors_[0], buffer.data(), buffer.size(), 0);
    require(count > 0, "the connection ended");
    answer.append(buffer.data(), static_cast<std::size_t>(count));
    const std::size_t head = answer.find("\r\n\r\n");
    const std::size_t length = answer.find("Content-Length: ");
    if (head != answer.npos) whole = head + 4 + std::stoul(answer.substr(length + 16));
  }
  require(answer.starts_with("HTTP/1.1 200 "), "the answer isn't right: " + answer);
  return answer.size();
}

std::vector<double> Connections::ask(const std::string& request, std::size_t answer_bytes,
                                     std::size_t count) {
  struct State {
    Clock::time_point sent;
    std::size_t missing = 0;
  };
  std::vector<State> states(descriptors_.size());
  std::vector<double> taken;
  taken.reserve(count);
  std::size_t begun = 0;
  const auto begin = [&](std::size_t i) {
    ++begun;
    states[i] = {Clock::now(), answer_bytes};
    send_all(descriptors_[i], request);
  };
  for (std::size_t i = 0; i < descriptors_.size() && begun < count; ++i) begin(i);
  std::array<epoll_event, 256> events{};
  std::array<char, 65'536> buffer{};
  while (taken.size() < count) {
    const int ready = ::epoll_wait(poll_, events.data(), events.size(), -1);
    for (int k = 0; k < ready; ++k) {
      const std::size_t i = events[static_cast<std::size_t>(k)].data.u64;
      const auto size = ::recv(descriptors_[i], buffer.data(), buffer.size(), 0);
      require(size > 0 && static_cast<std::size_t>(size) <= states[i].missing, "a wrong answer");
      states[i].missing -= static_cast<std::size_t>(size);
      if (states[i].missing > 0) continue;
      const std::chrono::duration<double, std::micro> time = Clock::now() - states[i].sent;
      taken.push_back(time.count());
      if (begun < count) begin(i);
    }
  }
  return taken;
}

}  // namespace doppel::bench
