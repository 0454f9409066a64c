#include "plan/history.hpp"

#include <array>

#include "base/error.hpp"

namespace doppel::plan {
namespace {

constexpr std::array<std::string_view, 3> kKinds{"promotion", "rollback", "restore"};

constexpr std::string_view kTable = "doppel_promotion";
constexpr const char* kColumns =
    "number, id, kind, source, base, reverts, plan_hash, promoted_at, promoted_by";

PromotionKind parse_kind(const std::string& text) {
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (kKinds[i] == text) return static_cast<PromotionKind>(i);
  }
  throw Error(ErrorCode::kNewerStore, "a promotion of an unknown kind '" + text + "'",
              {.place = "doppel_promotion"});
}

Promotion from_row(const Row& row) {
  Promotion promotion;
  promotion.number = row[0].integer();
  promotion.id = row[1].text();
  promotion.kind = parse_kind(row[2].text());
  promotion.source = row[3].text();
  promotion.base = row[4].text();
  if (!row[5].is_null()) promotion.reverts = row[5].integer();
  promotion.plan = row[6].text();
  promotion.at = row[7].text();
  promotion.by = row[8].text();
  return promotion;
}

bool has_history(database::SqlRunner& live) { return live.has_own_table(kTable); }

std::string table(database::SqlRunner& live) { return live.own_table(kTable); }

changeset::ChangeSet stored(const Value& value, const char* what) {
  return changeset::from_json(parse_json(value.text(), what), what);
}

}  // namespace

std::string_view to_text(PromotionKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

void prepare_history(database::SqlRunner& live) {
  if (has_history(live)) return;
  live.prepare_own_tables();
  live.execute_script(
      "CREATE TABLE " + table(live) +
      " (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, "
      "source TEXT NOT NULL, base TEXT NOT NULL, reverts INTEGER, plan_hash TEXT NOT NULL, "
      "promoted_at TEXT NOT NULL, promoted_by TEXT NOT NULL, config TEXT NOT NULL, "
      "data TEXT NOT NULL)");
}

std::int64_t record(database::SqlRunner& live, const Promotion& promotion) {
  const auto last = live.query("SELECT coalesce(max(number), 0) FROM " + table(live), {});
  const std::int64_t number = last.at(0).at(0).integer() + 1;
  const auto text = [](const changeset::ChangeSet& changes) {
    return Value(changeset::to_stored_text(changes));
  };
  live.execute(
      "INSERT INTO " + table(live) + " (" + kColumns +
          ", config, data) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
      {Value(number), Value(promotion.id), Value(to_text(promotion.kind)), Value(promotion.source),
       Value(promotion.base), promotion.reverts ? Value(*promotion.reverts) : Value(),
       Value(promotion.plan), Value(promotion.at), Value(promotion.by), text(promotion.config),
       text(promotion.data)});
  return number;
}

std::vector<Promotion> list_promotions(database::SqlRunner& live) {
  std::vector<Promotion> promotions;
  if (!has_history(live)) return promotions;
  for (const Row& row : live.query(
           std::string("SELECT ") + kColumns + " FROM " + table(live) + " ORDER BY number", {})) {
    promotions.push_back(from_row(row));
  }
  return promotions;
}

Promotion read_promotion(database::SqlRunner& live, std::int64_t number) {
  std::vector<Row> rows;
  if (has_history(live)) {
    rows = live.query(std::string("SELECT ") + kColumns + ", config, data FROM " + table(live) +
                          " WHERE number = $1",
                      {Value(number)});
  }
  if (rows.empty()) {
    throw Error(ErrorCode::kNotFound, "there is no promotion " + std::to_string(number),
                {.place = {}, .remedy = "`doppel history` lists them"});
  }
  Promotion promotion = from_row(rows[0]);
  promotion.config = stored(rows[0][9], "doppel_promotion.config");
  promotion.data = stored(rows[0][10], "doppel_promotion.data");
  return promotion;
}

std::optional<Promotion> find_promotion(database::SqlRunner& live, const std::string& id) {
  if (!has_history(live)) return std::nullopt;
  const auto rows = live.query("SELECT number FROM " + table(live) + " WHERE id = $1", {Value(id)});
  if (rows.empty()) return std::nullopt;
  return read_promotion(live, rows[0][0].integer());
}

}  // namespace doppel::plan
