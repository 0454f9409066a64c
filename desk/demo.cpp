#include "desk/demo.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "desk/demo_configuration.hpp"
#include "desk/demo_texts.hpp"
#include "desk/demo_writer.hpp"

namespace doppel::desk {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kHour = 3600 * kSecond;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kHistory = 730 * kDay;

struct Account {
  std::string id, company;
  std::vector<std::string> contacts;
};

/// One run: what was made so far, as far as what follows needs it.
class Demo {
 public:
  Demo(database::Connection& connection, const DemoOptions& options)
      : options_(options),
        random_(options.seed),
        writer_(connection),
        config_(read_demo_configuration(connection)) {
    declare_tables();
  }

  std::map<std::string, std::int64_t> run() {
    if (options_.cases >= kLargeDemoCases)
      add_large_configuration(writer_, config_, random_, begin());
    make_people();
    make_accounts();
    writer_.flush();
    for (std::int64_t i = 0; i < options_.cases; ++i) {
      // In the order of time, so that keys and indexes grow at their end.
      const Instant at{begin().microseconds + kHistory / options_.cases * i};
      make_case(i + 1, at);
      if (i % 10 == 0) make_opportunity(i / 10 + 1, at);
      if (i % 7 == 0) make_activity(at);
      writer_.flush_if_full();
    }
    writer_.flush();
    return writer_.counts();
  }

  std::int64_t accounts() const { return static_cast<std::int64_t>(accounts_.size()); }

 private:
  Instant begin() const { return options_.begin(); }
  Instant later(Instant at, std::int64_t up_to) {
    const auto by = static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(up_to)));
    return {at.microseconds + kSecond + by};
  }
  bool one_in(std::uint64_t count) { return random_.below(count) == 0; }
  const std::string& some(const std::vector<std::string>& ids) {
    return ids[random_.below(ids.size())];
  }
  static Value date(Instant at) { return Value(to_text(at).substr(0, 10)); }

  void declare_tables();
  void make_people();
  void make_accounts();
  Account make_account(std::int64_t number, Instant at);
  void make_case(std::int64_t number, Instant at);
  Instant make_messages(const std::string& case_id, const std::string& contact,
                        const std::string& assignee, std::string_view subject, Instant at);
  void make_events(const std::string& case_id, const std::string& queue,
                   const std::string& assignee, const std::string& status, Instant at);
  void make_opportunity(std::int64_t number, Instant at);
  std::pair<std::int64_t, std::int64_t> make_lines(const std::string& opportunity, Instant at);
  void make_activity(Instant at);

  DemoOptions options_;
  SeededRandom random_;
  DemoWriter writer_;
  DemoConfiguration config_;
  std::vector<std::string> users_;
  std::vector<Account> accounts_;
};

void Demo::declare_tables() {
  declare_configuration(writer_);
  writer_.table("users", {"login", "name", "email", "password_hash", "state", "team_id"});
  writer_.table("user_roles", {"user_id", "role_id"});
  writer_.table("user_skills", {"user_id", "skill_id"});
  writer_.table("queue_members", {"queue_id", "user_id"});
  writer_.table("accounts",
                {"number", "name", "tier", "contract_number", "contract_until_on", "renewal_on",
                 "owner_id", "email", "street", "postal_code", "city", "country_code", "locale"});
  writer_.table("contacts",
                {"account_id", "given_name", "family_name", "email", "phone", "locale"});
  writer_.table("opportunities", {"number", "name", "account_id", "contact_id", "pipeline_id",
                                  "stage_id", "owner_id", "currency", "net_amount", "tax_amount",
                                  "close_on", "closed_at", "lost_reason"});
  writer_.table("opportunity_lines", {"opportunity_id", "position", "product_id", "tax_id",
                                      "quantity", "unit_price", "net_amount", "tax_amount"});
  writer_.table("cases", {"number", "subject", "description", "account_id", "contact_id",
                          "queue_id", "status_id", "category_id", "assignee_id", "priority",
                          "channel", "first_reply_at", "solved_at", "closed_at"});
  writer_.table("case_messages", {"case_id", "kind", "author_id", "contact_id", "body"});
  writer_.table("attachments", {"message_id", "file_name", "media_type", "content"});
  writer_.table("case_events", {"case_id", "kind", "author_id", "detail"});
  writer_.table("activities", {"kind", "subject", "account_id", "contact_id", "owner_id",
                               "begins_at", "minutes"});
  writer_.table("tasks", {"subject", "account_id", "owner_id", "due_on", "is_done"});
  writer_.table("notes", {"account_id", "author_id", "body"});
  writer_.table("emails", {"direction", "account_id", "contact_id", "sender", "recipient",
                           "subject", "body", "sent_at"});
  writer_.table("custom_values", {"field_id", "object", "record_id", "option_id", "value"});
}

void Demo::make_people() {
  const std::int64_t count = std::clamp<std::int64_t>(options_.cases / 200, 6, 120);
  for (std::int64_t i = 0; i < count; ++i) {
    const DemoPerson person = demo_person(random_);
    const std::string login =
        fmt::format("{}.{}{}", to_lower_ascii(person.given), to_lower_ascii(person.family), i + 1);
    const bool sells = i % 3 == 0;
    const std::string id = demo_id(random_, begin());
    writer_.add(
        "users", id, begin(),
        {Value(login), Value(person.given + " " + person.family), Value(login + "@desk.example"),
         Value(""), Value("active"), Value(config_.teams.at(sells ? "Sales" : "Support"))});
    writer_.add("user_roles", demo_id(random_, begin()), begin(),
                {Value(id), Value(config_.roles.at(sells ? "rep" : "agent"))});
    if (!sells) {
      const std::string& skill = some(config_.skills);
      const std::string& queue =
          config_.queues[static_cast<std::size_t>(i) % config_.queues.size()];
      writer_.add("queue_members", demo_id(random_, begin()), begin(), {Value(queue), Value(id)});
      writer_.add("user_skills", demo_id(random_, begin()), begin(), {Value(id), Value(skill)});
    }
    users_.push_back(id);
  }
}

void Demo::make_accounts() {
  const std::int64_t count = std::max<std::int64_t>(5, options_.cases / 20);
  for (std::int64_t i = 0; i < count; ++i) accounts_.push_back(make_account(i + 1, begin()));
}

Account Demo::make_account(std::int64_t number, Instant at) {
  constexpr std::array<std::string_view, 10> kTiers{"standard", "standard", "standard", "standard",
                                                    "standard", "silver",   "silver",   "silver",
                                                    "gold",     "platinum"};
  const DemoPlace& place = demo_place(random_);
  const std::string_view tier = pick(random_, kTiers);
  Account account{.id = demo_id(random_, at),
                  .company = fmt::format("{} {}", demo_company(random_), number),
                  .contacts = {}};
  const bool contract = tier != "standard";
  const Instant until = later(options_.until, 400 * kDay);
  const Value none;
  const std::string street = demo_street(random_);
  const std::string& owner = some(users_);
  writer_.add("accounts", account.id, at,
              {Value(number), Value(account.company), Value(tier),
               contract ? Value(fmt::format("C-{:06}", number)) : none,
               contract ? date(until) : none, contract ? date(until) : none, Value(owner),
               Value("office@" + demo_email({"x", "y"}, account.company).substr(4)), Value(street),
               Value(place.postal_code), Value(place.city), Value(place.country_code),
               Value(place.locale)});
  if (const std::string& industry = some(config_.industries); one_in(2)) {
    writer_.add("custom_values", demo_id(random_, at), at,
                {Value(config_.industry_field), Value("accounts"), Value(account.id),
                 Value(industry), Value(config_.option_codes.at(industry))});
  }
  const std::uint64_t people = 1 + random_.below(4);
  for (std::uint64_t i = 0; i < people; ++i) {
    const DemoPerson person = demo_person(random_);
    const std::string phone = fmt::format("+49 30 555{:05}", random_.below(100'000));
    const std::string id = demo_id(random_, at);
    writer_.add("contacts", id, at,
                {Value(account.id), Value(person.given), Value(person.family),
                 Value(demo_email(person, account.company)), Value(phone), Value(place.locale)});
    account.contacts.push_back(id);
  }
  return account;
}

void Demo::make_case(std::int64_t number, Instant at) {
  constexpr std::array<std::string_view, 10> kPriorities{
      "low", "low", "normal", "normal", "normal", "normal", "normal", "high", "high", "urgent"};
  constexpr std::array<std::string_view, 5> kChannels{"api", "mail", "mail", "web", "phone"};
  // A tenth of the cases is about the largest accounts: one of them has very many.
  const std::uint64_t reach = one_in(10) ? 1 + accounts_.size() / 50 : accounts_.size();
  const Account& account = accounts_[random_.below(reach)];
  const std::string& contact = some(account.contacts);
  const std::string& queue = some(config_.queues);
  const std::string& assignee = some(users_);
  const std::string subject = demo_subject(random_);
  const std::string question = demo_question(random_, subject);
  const std::string_view priority = pick(random_, kPriorities);
  const std::string_view channel = pick(random_, kChannels);
  const std::string id = demo_id(random_, at);
  const Instant ended = make_messages(id, contact, assignee, subject, at);
  // What is old is closed; of the last month's cases many are still open.
  const bool recent = options_.until.microseconds - at.microseconds < 30 * kDay;
  const std::string_view kind =
      !recent ? (one_in(50) ? "pending" : "closed")
              : pick(random_, std::array<std::string_view, 4>{"new", "open", "pending", "solved"});
  const std::string& status = config_.statuses.at(std::string(kind));
  make_events(id, queue, assignee, status, at);
  const bool solved = kind == "solved" || kind == "closed";
  const Value none;
  const bool categorised = one_in(2);
  const Value category = categorised ? Value(some(config_.categories)) : none;
  writer_.add("cases", id, at,
              {Value(number), Value(subject), Value(question), Value(account.id), Value(contact),
               Value(queue), Value(status), category, kind == "new" ? none : Value(assignee),
               Value(priority), Value(channel),
               kind == "new" ? none : Value(instant_text({at.microseconds + kHour})),
               solved ? Value(instant_text(ended)) : none,
               kind == "closed" ? Value(instant_text({ended.microseconds + kDay})) : none});
  if (one_in(5)) {
    const std::string order = fmt::format("A{:07}", random_.below(10'000'000));
    writer_.add("custom_values", demo_id(random_, at), at,
                {Value(config_.order_field), Value("cases"), Value(id), Value(), Value(order)});
  }
}

Instant Demo::make_messages(const std::string& case_id, const std::string& contact,
                            const std::string& assignee, std::string_view subject, Instant at) {
  const bool long_one = one_in(100);
  const std::uint64_t count = long_one ? 201 + random_.below(60) : 1 + random_.below(5);
  Instant when = at;
  for (std::uint64_t i = 0; i < count; ++i) {
    const bool customer = i % 2 == 0;
    const std::string body = i == 0     ? demo_question(random_, subject)
                             : customer ? demo_followup(random_)
                                        : demo_reply(random_);
    const std::string id = demo_id(random_, when);
    writer_.add(
        "case_messages", id, when,
        {Value(case_id), Value(customer ? "customer" : "reply"),
         customer ? Value() : Value(assignee), customer ? Value(contact) : Value(), Value(body)});
    if (i == 0 && one_in(20)) {
      writer_.add("attachments", demo_id(random_, when), when,
                  {Value(id), Value("what-we-see.txt"), Value("text/plain"), Value(Blob{body})});
    }
    when = later(when, long_one ? 4 * kHour : 20 * kHour);
  }
  return when;
}

void Demo::make_events(const std::string& case_id, const std::string& queue,
                       const std::string& assignee, const std::string& status, Instant at) {
  const auto add = [&](std::string_view kind, const Value& author, const std::string& detail) {
    at.microseconds += kSecond;
    writer_.add("case_events", demo_id(random_, at), at,
                {Value(case_id), Value(kind), author, Value(detail)});
  };
  add("routed", Value(), fmt::format(R"({{"queue":"{}","why":"default queue"}})", queue));
  if (one_in(2)) return;
  add("assigned", Value(), fmt::format(R"({{"assignee":"{}","why":"least active"}})", assignee));
  add("status", Value(assignee), fmt::format(R"({{"status":"{}"}})", status));
}

std::pair<std::int64_t, std::int64_t> Demo::make_lines(const std::string& opportunity, Instant at) {
  constexpr std::int64_t kMillion = 1'000'000;
  std::int64_t net = 0;
  std::int64_t tax = 0;
  const std::int64_t count = 1 + static_cast<std::int64_t>(random_.below(4));
  for (std::int64_t i = 0; i < count; ++i) {
    const DemoProduct& product = config_.products[random_.below(config_.products.size())];
    const std::int64_t quantity = 1 + static_cast<std::int64_t>(random_.below(20));
    const std::int64_t line = quantity * product.price;
    const std::int64_t line_tax = (line * product.rate_per_million + kMillion / 2) / kMillion;
    writer_.add("opportunity_lines", demo_id(random_, at), at,
                {Value(opportunity), Value(i + 1), Value(product.id), Value(product.tax),
                 Value(quantity), Value(product.price), Value(line), Value(line_tax)});
    net += line;
    tax += line_tax;
  }
  return {net, tax};
}

void Demo::make_opportunity(std::int64_t number, Instant at) {
  const Account& account = accounts_[random_.below(accounts_.size())];
  const DemoStage& stage = config_.stages[random_.below(config_.stages.size())];
  const std::string id = demo_id(random_, at);
  const std::string name = demo_deal(random_) + " for " + account.company;
  const std::string& contact = some(account.contacts);
  const std::string& owner = some(users_);
  const Instant closes = later(at, 90 * kDay);
  const auto [net, tax] = make_lines(id, at);
  const bool open = stage.kind == "open";
  writer_.add("opportunities", id, at,
              {Value(number), Value(name), Value(account.id), Value(contact), Value(stage.pipeline),
               Value(stage.id), Value(owner), Value("EUR"), Value(net), Value(tax), date(closes),
               open ? Value() : Value(instant_text(closes)),
               stage.kind == "lost" ? Value("Another offer was cheaper") : Value()});
}

void Demo::make_activity(Instant at) {
  const Account& account = accounts_[random_.below(accounts_.size())];
  const std::string& contact = some(account.contacts);
  const std::string& owner = some(users_);
  const bool call = one_in(2);
  const std::string subject = demo_deal(random_);
  writer_.add("activities", demo_id(random_, at), at,
              {Value(call ? "call" : "meeting"), Value(subject), Value(account.id), Value(contact),
               Value(owner), Value(instant_text(at)), Value(call ? 15 : 60)});
  const Instant due = later(at, 14 * kDay);
  writer_.add("tasks", demo_id(random_, at), at,
              {Value("Follow up: " + subject), Value(account.id), Value(owner), date(due),
               Value(due < options_.until ? 1 : 0)});
  const std::string note = demo_followup(random_);
  writer_.add("notes", demo_id(random_, at), at, {Value(account.id), Value(owner), Value(note)});
  const std::string address = demo_email({"office", "team"}, account.company);
  const std::string reply = demo_reply(random_);
  writer_.add("emails", demo_id(random_, at), at,
              {Value("out"), Value(account.id), Value(contact), Value("sales@desk.example"),
               Value(address), Value(subject), Value(reply), Value(instant_text(at))});
}

void set_series(database::SqlRunner& sql, const char* name, std::int64_t next) {
  sql.execute("UPDATE number_series SET next_number = $2 WHERE name = $1",
              {Value(name), Value(next)});
}

}  // namespace

std::map<std::string, std::int64_t> fill_demo(database::Connection& connection,
                                              const DemoOptions& options) {
  if (options.cases < 1 || options.cases > kMaximalDemoCases) {
    throw Error(ErrorCode::kUsage, fmt::format("a demo has 1 to {} cases", kMaximalDemoCases),
                {.place = std::to_string(options.cases), .remedy = {}});
  }
  if (connection.count_rows("accounts") > 0 || connection.count_rows("cases") > 0) {
    throw Error(ErrorCode::kWrongState, "the desk has data already",
                {.place = "accounts", .remedy = "fill an empty one"});
  }
  Demo demo(connection, options);
  auto counts = demo.run();
  const auto transaction = connection.begin(database::TransactionKind::kWrite);
  set_series(*connection.sql(), "accounts", demo.accounts() + 1);
  set_series(*connection.sql(), "opportunities", (options.cases + 9) / 10 + 1);
  set_series(*connection.sql(), "cases", options.cases + 1);
  transaction->commit();
  return counts;
}

}  // namespace doppel::desk
