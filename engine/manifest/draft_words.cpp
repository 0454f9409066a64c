#include "manifest/draft_words.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.hpp"

namespace doppel::manifest {
namespace {

using Word = std::string_view;

template <std::size_t N>
bool among(const std::array<Word, N>& words, Word word) {
  return std::ranges::find(words, word) != words.end();
}

bool ends_with_any(Word name, std::initializer_list<Word> ends) {
  return std::ranges::any_of(ends, [&](Word end) { return name.ends_with(end); });
}

struct RoleWords {
  Role role;
  Word meaning;
  Word words;  ///< between blanks, in the singular
};

/// A word stands in one line only.
constexpr std::array kRoleWords{
    RoleWords{Role::kConfig, "configuration",
              " setting config configuration option choice enumeration preference parameter role "
              "permission right acl policy rule workflow transition status state stage step "
              "priority severity type kind category tag label template macro trigger automation "
              "condition action filter view query report dashboard widget field form layout "
              "section calendar holiday hour sla target webhook integration channel mailbox "
              "department team group tracker module plugin extension feature flag translation "
              "menu scrip escalation queue pipeline source signature canned catalog schedule "
              "threshold profile segment tax "},
    RoleWords{Role::kReference, "a static list",
              " country currency language locale timezone zone region unit migration "},
    RoleWords{Role::kIdentity, "people who sign in",
              " user agent employee staff operator member membership admin administrator login "},
    RoleWords{Role::kSecret, "credentials",
              " token secret credential password otp key certificate grant nonce "},
    RoleWords{Role::kTransient, "work in flight",
              " session job lock cache import export upload notification reminder outbox inbox "
              "throttle attempt draft semaphore process "},
    RoleWords{Role::kLog, "a log",
              " log audit history trail event delivery run execution access visit error metric "},
    RoleWords{Role::kDerived, "derived from other tables",
              " stat statistic summary aggregate index fts cached rollup snapshot "},
    RoleWords{Role::kData, "the work itself",
              " ticket issue message comment contact customer lead deal opportunity order invoice "
              "conversation note attachment file document news article journal change changeset "
              "commit entry watcher vote rating response call mail email task activity appointment "
              "meeting wiki page topic post thread relation value payment address company "
              "organization organisation account person repository version product item line "
              "content project subscription asset link reply answer follower story milestone "
              "sprint case request incident problem approval participant merge mention "},
};

constexpr std::array<Word, 12> kContainers{"project",   "organization", "organisation", "account",
                                           "workspace", "site",         "space",        "company",
                                           "tenant",    "brand",        "shop",         "store"};

constexpr std::array<Word, 16> kPersons{
    "author", "owner", "assignee", "assigned", "creator", "reporter", "reviewer", "requester",
    "agent",  "user",  "editor",   "sender",   "manager", "approver", "updater",  "member"};

struct FrameworkTable {
  Word name;
  Role role;
};

constexpr std::array kFrameworkTables{
    FrameworkTable{"schema_migrations", Role::kReference},
    FrameworkTable{"ar_internal_metadata", Role::kReference},
    FrameworkTable{"django_migrations", Role::kReference},
    FrameworkTable{"django_content_type", Role::kReference},
    FrameworkTable{"auth_permission", Role::kReference},
    FrameworkTable{"django_site", Role::kConfig},
    FrameworkTable{"django_session", Role::kTransient},
    FrameworkTable{"django_admin_log", Role::kLog},
    FrameworkTable{"auth_group", Role::kConfig},
    FrameworkTable{"auth_group_permissions", Role::kConfig},
    FrameworkTable{"auth_user", Role::kIdentity},
    FrameworkTable{"auth_user_groups", Role::kIdentity},
    FrameworkTable{"auth_user_user_permissions", Role::kIdentity},
    FrameworkTable{"alembic_version", Role::kReference},
    FrameworkTable{"flyway_schema_history", Role::kReference},
    FrameworkTable{"knex_migrations", Role::kReference},
    FrameworkTable{"active_storage_blobs", Role::kData},
    FrameworkTable{"active_storage_attachments", Role::kData},
    FrameworkTable{"active_storage_variant_records", Role::kDerived},
};

constexpr std::array<Word, 27> kPlainText{
    "type",     "status",   "state",        "kind",     "locale",    "language",  "color",
    "colour",   "currency", "format",       "priority", "role",      "timezone",  "time_zone",
    "icon",     "scope",    "content_type", "encoding", "digest",    "checksum",  "version",
    "revision", "action",   "property",     "uuid",     "mime_type", "visibility"};

}  // namespace

std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  char before = '_';
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool begins = std::isupper(byte) != 0 && std::islower(static_cast<unsigned char>(before));
    if ((begins || std::isalnum(byte) == 0) && !words.back().empty()) words.emplace_back();
    if (std::isalnum(byte) != 0) words.back() += static_cast<char>(std::tolower(byte));
    before = c;
  }
  if (words.back().empty()) words.pop_back();
  if (!words.empty()) words.back() = singular(words.back());
  return words;
}

std::string singular(std::string_view word) {
  const auto without = [&](std::size_t count) {
    return std::string(word.substr(0, word.size() - count));
  };
  if (word == "people") return "person";
  if (word == "news" || word == "children") return std::string(word);
  if (word.size() > 4 && word.ends_with("ies")) return without(3) + "y";
  if (word.size() > 4 && ends_with_any(word, {"sses", "uses", "xes", "ches", "shes"})) {
    return without(2);
  }
  if (word.size() > 3 && word.ends_with('s') && !ends_with_any(word, {"ss", "us", "sis", "xis"})) {
    return without(1);
  }
  return std::string(word);
}

std::optional<RoleHint> hint_of_framework(std::string_view table) {
  const std::string name = to_lower_ascii(table);
  const auto found = std::ranges::find(kFrameworkTables, Word(name), &FrameworkTable::name);
  if (found == kFrameworkTables.end()) return {};
  return RoleHint{found->role, "a table that the application's framework keeps"};
}

std::optional<RoleHint> hint_of_word(const std::string& word) {
  const std::string framed = " " + word + " ";
  for (const RoleWords& line : kRoleWords) {
    if (line.words.find(framed) == Word::npos) continue;
    return RoleHint{line.role, "'" + word + "' is a word for " + std::string(line.meaning)};
  }
  return {};
}

bool is_container(const std::string& word) { return among(kContainers, word); }

TextHint hint_of_text(std::string_view column) {
  const std::string name = to_lower_ascii(column);
  const std::vector<std::string> words = words_of(column);
  const auto has = [&](Word word) { return std::ranges::find(words, word) != words.end(); };
  if (has("password") || has("passwd") || has("token") || has("secret") || has("salt") ||
      has("otp") || has("totp") || has("credential") || has("credentials") ||
      ends_with_any(name, {"api_key", "apikey", "private_key", "access_key", "_digest_key"})) {
    return {TextKind::kSecret, ""};
  }
  if (has("email") || name == "mail" || name == "e_mail") return {TextKind::kPersonal, "email"};
  if (has("phone") || has("mobile") || has("fax")) return {TextKind::kPersonal, "phone"};
  if (name == "login" || name == "username") return {TextKind::kPersonal, "login"};
  if (ends_with_any(name, {"firstname", "first_name", "given_name"})) {
    return {TextKind::kPersonal, "given_name"};
  }
  if (ends_with_any(name, {"lastname", "last_name", "family_name", "surname"})) {
    return {TextKind::kPersonal, "family_name"};
  }
  if (ends_with_any(name, {"full_name", "display_name", "real_name", "realname"})) {
    return {TextKind::kPersonal, "full_name"};
  }
  if (has("iban")) return {TextKind::kPersonal, "iban"};
  if (has("street")) return {TextKind::kPersonal, "street"};
  if (name == "city") return {TextKind::kPersonal, "city"};
  if (has("ip")) return {TextKind::kPersonal, "ip"};
  if (has("url") || has("homepage") || has("endpoint")) return {TextKind::kUrl, ""};
  if (among(kPlainText, name) || ends_with_any(name, {"_type", "_status", "_state", "_kind"})) {
    return {TextKind::kPlain, ""};
  }
  return {};
}

bool is_volatile_name(std::string_view column) {
  const std::string name = to_lower_ascii(column);
  return ends_with_any(name, {"updated_at", "updated_on", "modified_at", "modified_on",
                              "date_updated", "last_modified", "lock_version", "last_used_at",
                              "last_login_at", "last_login_on", "last_seen_at", "last_run_at"}) ||
         name == "modified" || name == "updated" || name == "lastupdated" || name == "last_login" ||
         (name.ends_with("_count") && name != "max_count");
}

bool is_born_name(std::string_view column) {
  static constexpr std::array<Word, 7> kBorn{"created_at",   "created_on",  "created",
                                             "date_created", "inserted_at", "createdat",
                                             "date_joined"};
  return among(kBorn, to_lower_ascii(column));
}

bool is_position_name(std::string_view column) {
  static constexpr std::array<Word, 9> kPosition{
      "position", "sort_order", "ordinal", "rank", "sort", "weight", "order", "seq", "sortorder"};
  const std::string name = to_lower_ascii(column);
  return among(kPosition, name) || name == "display_order" || name == "order_index";
}

bool is_person_name(const std::string& word) { return among(kPersons, word); }

}  // namespace doppel::manifest
