#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"

/// Random SQL for the differential tests: statements that mean something on the tables of one shape
/// often enough, and that fail often enough.
namespace doppel::testing {

struct GeneratedTable {
  std::string name;
  std::vector<std::string> keys;
  std::vector<std::string> columns;  ///< keys first, generated ones left out
};

struct GeneratedShape {
  std::string name;
  std::string script;
  std::vector<GeneratedTable> tables;
};

/// What the generator may say.
enum class Dialect {
  kSqlite,
  kPostgres,
  kPostgresViews,  ///< upserts name no columns
};

class SqlGenerator {
 public:
  SqlGenerator(const GeneratedShape& shape, std::uint64_t seed, Dialect dialect = Dialect::kSqlite)
      : shape_(shape), random_(seed), dialect_(dialect) {}

  std::string statement() {
    const GeneratedTable& t = table();
    switch (random_.below(20)) {
      case 0:
      case 1:
      case 2:
        return insert(t);
      case 3:
        return (sqlite() ? "REPLACE INTO " : "INSERT INTO ") + t.name + values(t) + returning();
      case 4:
      case 5:
        return upsert(t);
      case 6:
      case 7:
      case 8:
        return "UPDATE " + policy() + t.name + " SET " + assignment(t) + where(t) + returning();
      case 9:
        return "UPDATE " + policy() + t.name + " SET " + moved_key(t) + where(t);
      case 10:
        return update_from(t);
      case 11:
      case 12:
        return "DELETE FROM " + t.name + (random_.below(4) == 0 ? exists(t) : where(t)) +
               returning();
      case 13:
        return insert_select(t);
      case 14:
        return sqlite() ? "SELECT changes()" : "SELECT count(*), max(n) FROM " + t.name;
      case 15:
        return "SELECT * FROM " + t.name + " ORDER BY 1, 2, 3, 4";
      default:
        return transaction();
    }
  }

 private:
  template <std::size_t size>
  std::string pick(const std::array<const char*, size>& choices) {
    return choices[random_.below(size)];
  }
  bool sqlite() const { return dialect_ == Dialect::kSqlite; }

  /// PostgreSQL judges a unique key row by row in an order that isn't promised: there keys move far
  /// enough not to meet another.
  std::string moved_key(const GeneratedTable& t) {
    const std::string name = key(t);
    if (sqlite()) return name + " = " + name + " + " + digit();
    return name + " = " + name + (is_number(name) ? " + 100" : " || '~'");
  }

  static bool is_number(const std::string& name) {
    return name == "id" || name == "n" || name == "y" || name == "parent";
  }

  const GeneratedTable& table() { return shape_.tables[random_.below(shape_.tables.size())]; }
  std::string column(const GeneratedTable& t) { return t.columns[random_.below(t.columns.size())]; }
  std::string key(const GeneratedTable& t) { return t.keys[random_.below(t.keys.size())]; }
  std::string digit() { return std::to_string(random_.below(4)); }

  std::string literal() {
    return pick<16>({"NULL", "1", "2", "3", "4", "5", "9", "-1", "'a'", "'A'", "'b'", "'c'", "'3'",
                     "1.5", "-0.0", "x'41'"});
  }

  /// A rowid that is no integer fails in a way that leaves half of an UPDATE OR ROLLBACK behind
  /// where there are no triggers: SQLite's own oddity, and not what is tested here.
  std::string literal_for(const std::string& column) {
    if (!sqlite()) {
      return is_number(column) ? pick<8>({"NULL", "1", "2", "3", "4", "5", "9", "DEFAULT"})
                               : pick<8>({"NULL", "'a'", "'A'", "'b'", "'c'", "'d'", "'3'", "''"});
    }
    return column == "id" ? pick<8>({"NULL", "1", "2", "3", "4", "5", "9", "-1"}) : literal();
  }

  std::string policy() {
    if (!sqlite()) return "";
    return pick<10>(
        {"", "", "", "", "", "OR REPLACE ", "OR IGNORE ", "OR FAIL ", "OR ABORT ", "OR ROLLBACK "});
  }

  std::string returning() { return random_.below(4) == 0 ? " RETURNING *" : ""; }

  std::string values(const GeneratedTable& t) {
    // A table whose key is the rowid may be given no key.
    const std::size_t first = t.keys.size() == 1 && random_.below(3) == 0 ? 1 : 0;
    std::string names;
    for (std::size_t i = first; i < t.columns.size(); ++i) {
      names += (names.empty() ? "" : ", ") + t.columns[i];
    }
    std::string rows;
    const std::uint64_t count = 1 + random_.below(3);
    for (std::uint64_t row = 0; row < count; ++row) {
      rows += rows.empty() ? "(" : ", (";
      for (std::size_t i = first; i < t.columns.size(); ++i) {
        rows += (i > first ? ", " : "") + literal_for(t.columns[i]);
      }
      rows += ")";
    }
    return " (" + names + ") VALUES " + rows;
  }

  std::string insert(const GeneratedTable& t) {
    return "INSERT " + policy() + "INTO " + t.name + values(t) + returning();
  }

  std::string upsert(const GeneratedTable& t) {
    std::string keys;
    for (const std::string& name : t.keys) keys += (keys.empty() ? "" : ", ") + name;
    std::string doing = "NOTHING";
    if (random_.below(3) != 0) {
      doing = "UPDATE SET n = excluded.n, name = name || excluded.name";
      if (random_.below(3) == 0) doing += " WHERE excluded.n > 2";
    }
    if (dialect_ == Dialect::kPostgresViews) doing = "NOTHING";
    const bool untargeted = dialect_ == Dialect::kPostgresViews;
    const std::string name = t.name + ".name";
    if (dialect_ == Dialect::kPostgres && doing != "NOTHING") {
      doing = "UPDATE SET n = excluded.n, name = " + name + " || excluded.name";
    }
    const std::string target = untargeted                                    ? ""
                               : random_.below(5) == 0 && doing == "NOTHING" ? ""
                                                                             : " (" + keys + ")";
    return "INSERT INTO " + t.name + values(t) + " ON CONFLICT" + target + " DO " + doing +
           returning();
  }

  std::string assignment(const GeneratedTable& t) {
    const std::string name = column(t);
    if (!sqlite()) {
      return name + " = " + literal_for(name) + (name == "n" ? "" : ", n = n + 1");
    }
    if (name == "id") return "id = id + " + digit() + ", name = " + literal();
    switch (random_.below(5)) {
      case 0:
        return name + " = " + literal() + ", n = n + 1";
      case 1:
        return name + " = (SELECT max(n) FROM " + table().name + ")";
      case 2:
        return name + " = " + column(t);
      case 3:
        return "name = name || " + digit();
      default:
        return name + " = " + literal();
    }
  }

  /// Not for UPDATE: SQLite (3.40) asks such a question again after each row it has written, but
  /// before the first one where the table has triggers.
  static std::string exists(const GeneratedTable& t) {
    return " WHERE EXISTS (SELECT 1 FROM " + t.name + " AS o WHERE o.n = " + t.name + ".n + 1)";
  }

  std::string where(const GeneratedTable& t) {
    switch (random_.below(6)) {
      case 0:
        return "";
      case 1:
        return " WHERE n IN (SELECT n FROM " + table().name + ")";
      case 2:
        return " WHERE " + key(t) + " = (SELECT max(" + key(t) + ") FROM " + t.name + ")";
      case 3:
        return " WHERE n > " + digit();
      default:
        return compared(t);
    }
  }

  std::string compared(const GeneratedTable& t) {
    const std::string name = column(t);
    if (sqlite()) return " WHERE " + name + " = " + literal();
    const std::string wanted = literal_for(name);
    return " WHERE " + name + (wanted == "DEFAULT" ? " > 0" : " = " + wanted);
  }

  std::string update_from(const GeneratedTable& t) {
    return "UPDATE " + policy() + t.name +
           " SET name = s.name FROM (SELECT n, max(name) AS name FROM " + table().name +
           " GROUP BY n) AS s WHERE s.n = " + t.name + ".n";
  }

  std::string insert_select(const GeneratedTable& t) {
    std::string names;
    std::string expressions;
    for (const std::string& name : t.columns) {
      names += (names.empty() ? "" : ", ") + name;
      expressions += (expressions.empty() ? "" : ", ") + name +
                     (name != t.keys.back()          ? std::string()
                      : sqlite() || !is_number(name) ? " || " + digit()
                                                     : " + 10 * " + digit());
    }
    return "INSERT " + policy() + "INTO " + t.name + " (" + names + ") SELECT " + expressions +
           " FROM " + t.name + where(t) + (where_ends() ? " ORDER BY 1, 2" : "");
  }
  bool where_ends() { return random_.below(2) == 0; }

  std::string transaction() {
    if (!sqlite()) {
      return pick<9>({"BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ", "COMMIT", "ROLLBACK",
                      "SAVEPOINT a", "SAVEPOINT b", "RELEASE a", "ROLLBACK TO a", "ROLLBACK TO b"});
    }
    return pick<9>({"BEGIN", "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK", "SAVEPOINT a", "SAVEPOINT b",
                    "RELEASE a", "ROLLBACK TO a", "ROLLBACK TO b"});
  }

  const GeneratedShape& shape_;
  SeededRandom random_;
  Dialect dialect_;
};

}  // namespace doppel::testing
