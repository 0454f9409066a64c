#include "data.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <vector>

#include <fmt/core.h>

#include "base/random.hpp"
#include "base/text.hpp"
#include "embedded.hpp"
#include "texts.hpp"

namespace helpdesk {

namespace {

using Seconds = std::int64_t;

constexpr Seconds kMinute = 60;
constexpr Seconds kHour = 60 * kMinute;
constexpr Seconds kDay = 24 * kHour;
constexpr Seconds kFirstCustomer = 1672560000;  // 2023-01-01 08:00
constexpr Seconds kFirstTicket = 1709539200;    // 2024-03-04 08:00
constexpr Seconds kToday = 1759219200;          // 2025-09-30 08:00

/// Ids of configuration.sql.
enum Status : std::int64_t {
  kNew = 1,
  kOpen = 2,
  kWaiting = 3,
  kOnHold = 4,
  kSolved = 5,
  kClosed = 7
};

struct Message {
  std::int64_t id = 0;
  bool by_customer = false;
  std::int64_t author = 0;
  Seconds at = 0;
  std::string body;
};

struct Ticket {
  std::int64_t id = 0;
  const Topic* topic = nullptr;
  std::int64_t customer = 0;
  Status status = kNew;
  std::optional<std::int64_t> assignee;
  std::string_view priority;
  std::int64_t product = 1;
  std::string order;
  std::vector<Message> messages;
  bool is_closed() const { return status == kSolved || status == kClosed; }
};

std::string timestamp(Seconds at) {
  const std::chrono::sys_seconds point{std::chrono::seconds{at}};
  const auto day = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{point - day};
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

/// Everything that is made by chance.
class Generator {
 public:
  Generator(const Options& options, const Sink& sink)
      : options_(options), random_(options.seed), writer_(sink) {}

  void run();

 private:
  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(bound)));
  }
  Seconds between(Seconds low, Seconds high) { return low + below(high - low + 1); }
  bool one_in(std::int64_t chances) { return below(chances) == 0; }
  template <typename Item>
  const Item& pick(std::span<const Item> items) {
    return items[random_.below(items.size())];
  }

  std::int64_t customer_count() const { return 10 + options_.tickets / 5; }
  std::int64_t agent_of(std::int64_t queue);
  Status status_at(Seconds created);
  Ticket make_ticket(std::int64_t id);
  void make_messages(Ticket& ticket, Seconds created);
  std::vector<Ticket> make_tickets();

  void write_customers();
  void write_tickets(const std::vector<Ticket>& tickets);
  void write_messages(const std::vector<Ticket>& tickets);
  void write_field_values(const std::vector<Ticket>& tickets);
  void write_attachments(const std::vector<Ticket>& tickets);
  void write_audit_log(const std::vector<Ticket>& tickets);
  void write_passing();

  Options options_;
  doppel::SeededRandom random_;
  SqlWriter writer_;
  std::int64_t messages_made_ = 0;
};

void Generator::write_customers() {
  const std::int64_t count = customer_count();
  writer_.table("customers", "id, name, email, phone, company, city, country_code, created_at");
  for (std::int64_t id = 1; id <= count; ++id) {
    const std::string_view first = pick(first_names());
    const std::string_view last = pick(last_names());
    const City& city = pick(cities());
    std::string local = doppel::to_lower_ascii(fmt::format("{}.{}{}", first, last, id));
    std::erase(local, '\'');
    writer_.row().number(id).text(fmt::format("{} {}", first, last));
    writer_.text(local + "@customers.example");
    if (one_in(3)) {
      writer_.null();
    } else {
      writer_.text(fmt::format("+49 555 01{:02} {:03}", below(100), below(1000)));
    }
    writer_.text(pick(companies())).text(city.name).text(city.country);
    const Seconds gap = (kFirstTicket - kFirstCustomer) / count;
    writer_.text(timestamp(kFirstCustomer + id * gap - below(gap)));
  }
}

std::int64_t Generator::agent_of(std::int64_t queue) {
  // The members that configuration.sql gives each queue.
  static constexpr std::array<std::array<std::int64_t, 3>, 8> kMembers{
      {{1, 1, 1}, {3, 4, 3}, {2, 4, 6}, {5, 7, 5}, {3, 9, 9}, {1, 1, 1}, {1, 2, 2}, {6, 6, 6}}};
  return kMembers.at(static_cast<std::size_t>(queue))[random_.below(3)];
}

Status Generator::status_at(Seconds created) {
  const bool is_recent = kToday - created < 30 * kDay;
  const std::int64_t draw = below(100);
  if (is_recent) {
    if (draw < 15) return kNew;
    if (draw < 45) return kOpen;
    if (draw < 60) return kWaiting;
    if (draw < 65) return kOnHold;
    return draw < 90 ? kSolved : kClosed;
  }
  if (draw < 1) return kOpen;
  if (draw < 2) return kOnHold;
  return draw < 8 ? kSolved : kClosed;
}

void Generator::make_messages(Ticket& ticket, Seconds created) {
  const std::string_view product = products()[static_cast<std::size_t>(ticket.product - 1)];
  const auto add = [&](bool by_customer, Seconds at, std::string body) {
    const std::int64_t author = by_customer ? ticket.customer : ticket.assignee.value_or(1);
    ticket.messages.push_back({++messages_made_, by_customer, author, at, std::move(body)});
  };
  add(true, created, filled(ticket.topic->question, product, ticket.order));
  if (ticket.status == kNew) return;

  Seconds at = created + between(5 * kMinute, 20 * kHour);
  add(false, at, filled(ticket.topic->answer, product, ticket.order));
  std::int64_t more = below(4);
  if (one_in(500)) more = between(40, 200);  // the tail: conversations that never end
  for (std::int64_t i = 0; i < more && at < kToday; ++i) {
    at += between(10 * kMinute, 30 * kHour);
    const bool by_customer = i % 2 == 0;
    add(by_customer, at,
        std::string{by_customer ? pick(customer_replies()) : pick(agent_replies())});
  }
}

Ticket Generator::make_ticket(std::int64_t id) {
  Ticket ticket;
  const Seconds gap = std::max<Seconds>(1, (kToday - kFirstTicket) / options_.tickets);
  const Seconds begin = kFirstTicket + (kToday - kFirstTicket) / options_.tickets * (id - 1);
  const Seconds created = begin + below(gap);
  ticket.id = id;
  ticket.topic = &pick(topics());
  // A bound that is drawn itself: some customers write much more often than others.
  ticket.customer = 1 + below(1 + below(customer_count()));
  ticket.status = status_at(created);
  if (ticket.status != kNew) ticket.assignee = agent_of(ticket.topic->queue);
  static constexpr std::array<std::string_view, 8> kPriorities{
      "low", "normal", "normal", "normal", "normal", "high", "high", "urgent"};
  ticket.priority = kPriorities[random_.below(kPriorities.size())];
  ticket.product = 1 + below(static_cast<std::int64_t>(products().size()));
  ticket.order = fmt::format("N-{}", 20000 + below(70000));
  make_messages(ticket, created);
  return ticket;
}

std::vector<Ticket> Generator::make_tickets() {
  std::vector<Ticket> tickets;
  tickets.reserve(static_cast<std::size_t>(options_.tickets));
  for (std::int64_t id = 1; id <= options_.tickets; ++id) tickets.push_back(make_ticket(id));
  return tickets;
}

void Generator::write_tickets(const std::vector<Ticket>& tickets) {
  writer_.table("tickets",
                "id, subject, customer_id, queue_id, status_id, category_id, assignee_id, "
                "priority, created_at, updated_at, first_response_at, closed_at");
  for (const Ticket& ticket : tickets) {
    const Seconds created = ticket.messages.front().at;
    const Seconds last = ticket.messages.back().at;
    const auto product = products()[static_cast<std::size_t>(ticket.product - 1)];
    writer_.row().number(ticket.id).text(filled(ticket.topic->subject, product, ticket.order));
    writer_.number(ticket.customer).number(ticket.topic->queue).number(ticket.status);
    if (one_in(12)) {
      writer_.null();
    } else {
      writer_.number(ticket.topic->category);
    }
    if (ticket.assignee) {
      writer_.number(*ticket.assignee);
    } else {
      writer_.null();
    }
    writer_.text(ticket.priority).text(timestamp(created));
    writer_.text(timestamp(ticket.is_closed() ? last + kHour : last));
    if (ticket.messages.size() > 1) {
      writer_.text(timestamp(ticket.messages[1].at));
    } else {
      writer_.null();
    }
    if (ticket.is_closed()) {
      writer_.text(timestamp(last + kHour));
    } else {
      writer_.null();
    }
  }
}

void Generator::write_messages(const std::vector<Ticket>& tickets) {
  writer_.table("messages", "id, ticket_id, author_type, author_id, is_public, body, created_at");
  for (const Ticket& ticket : tickets) {
    for (const Message& message : ticket.messages) {
      writer_.row().number(message.id).number(ticket.id);
      writer_.text(message.by_customer ? "Customer" : "User").number(message.author);
      writer_.number(message.by_customer || !one_in(10) ? 1 : 0);
      writer_.text(message.body).text(timestamp(message.at));
    }
  }
}

void Generator::write_field_values(const std::vector<Ticket>& tickets) {
  static constexpr std::array<std::int64_t, 4> kRegions{5, 6, 7, 9};
  writer_.table("custom_field_values", "ticket_id, field_id, option_id, value");
  for (const Ticket& ticket : tickets) {
    writer_.row().number(ticket.id).number(1).number(ticket.product).null();
    if (ticket.topic->queue == 3 || one_in(4)) {
      writer_.row().number(ticket.id).number(2).null().text(ticket.order);
    }
    if (one_in(3)) {
      const std::int64_t region = kRegions[random_.below(kRegions.size())];
      writer_.row().number(ticket.id).number(3).number(region).null();
    }
    if (one_in(5)) {
      const Seconds bought = ticket.messages.front().at - between(kDay, 900 * kDay);
      writer_.row().number(ticket.id).number(4).null().text(timestamp(bought).substr(0, 10));
    }
    if (one_in(8)) {
      writer_.row().number(ticket.id).number(6).null();
      writer_.text(std::to_string(1 + below(60)));
    }
  }
}

void Generator::write_attachments(const std::vector<Ticket>& tickets) {
  writer_.table("attachments", "id, message_id, file_name, media_type, bytes, stored_as");
  std::int64_t id = 0;
  for (const Ticket& ticket : tickets) {
    for (const Message& message : ticket.messages) {
      if (!message.by_customer || !one_in(6)) continue;
      const std::string_view name = pick(file_names());
      const std::string_view type = name.ends_with("jpg")   ? "image/jpeg"
                                    : name.ends_with("pdf") ? "application/pdf"
                                                            : "text/plain";
      writer_.row().number(++id).number(message.id).text(name).text(type);
      writer_.number(between(2'000, 4'000'000)).text(fmt::format("{:016x}", random_.next()));
    }
  }
}

void Generator::write_audit_log(const std::vector<Ticket>& tickets) {
  writer_.table("audit_log", "id, at, user_id, action, object_type, object_id, detail");
  std::int64_t id = 0;
  for (const Ticket& ticket : tickets) {
    writer_.row().number(++id).text(timestamp(ticket.messages.front().at)).null();
    writer_.text("ticket created").text("Ticket").number(ticket.id).null();
  }
  for (const Ticket& ticket : tickets) {
    if (!ticket.is_closed()) continue;
    writer_.row().number(++id).text(timestamp(ticket.messages.back().at + kHour));
    writer_.number(ticket.assignee.value_or(1)).text("ticket closed").text("Ticket");
    writer_.number(ticket.id).text(fmt::format("status {}", std::int64_t{ticket.status}));
  }
}

void Generator::write_passing() {
  writer_.table("sessions", "token, user_id, seen_at");
  for (const std::int64_t user : {1, 2, 3, 4, 5, 7}) {
    writer_.row().text(fmt::format("s-{:016x}", random_.next())).number(user);
    writer_.text(timestamp(kToday - between(kMinute, kDay)));
  }
  writer_.table("mail_queue", "id, template_code, recipient, subject, body, created_at");
  for (std::int64_t id = 1; id <= 3; ++id) {
    writer_.row()
        .number(id)
        .text("ticket_reply")
        .text(fmt::format("waiting{}@customers.example", id));
    writer_.text("Re: your request").text("We come back to you tomorrow.");
    writer_.text(timestamp(kToday - between(kMinute, kHour)));
  }
  writer_.raw(
      "INSERT INTO queue_stats (queue_id, open_tickets, oldest_open_at)\n"
      "SELECT q.id, count(s.id), min(CASE WHEN s.id IS NOT NULL THEN t.created_at END)\n"
      "FROM queues q LEFT JOIN tickets t ON t.queue_id = q.id\n"
      "LEFT JOIN ticket_statuses s ON s.id = t.status_id AND s.is_closed = 0\n"
      "GROUP BY q.id;\n");
}

void Generator::run() {
  writer_.raw("BEGIN;\n");
  writer_.raw(schema_sql(options_.dialect));
  writer_.raw(configuration_sql());
  write_customers();
  const std::vector<Ticket> tickets = make_tickets();
  write_tickets(tickets);
  write_messages(tickets);
  write_field_values(tickets);
  write_attachments(tickets);
  write_audit_log(tickets);
  write_passing();
  writer_.raw(counters_sql(options_.dialect));
  writer_.raw("COMMIT;\n");
  writer_.finish();
}

}  // namespace

void generate(const Options& options, const Sink& sink) { Generator{options, sink}.run(); }

}  // namespace helpdesk
