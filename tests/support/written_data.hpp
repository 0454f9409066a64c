#pragma once

#include <string_view>

#include "adapters/postgres/failure.hpp"
#include "adapters/postgres/overlay_names.hpp"
#include "tests/support/copy_carrier.hpp"

/// A shop with data of every kind that a sandbox may write, and a sandbox that writes all of it.
namespace doppel::postgres::testing {

inline constexpr std::string_view kWork = R"sql(
CREATE TABLE customer (
  id bigserial PRIMARY KEY,
  name text NOT NULL UNIQUE,
  boss bigint REFERENCES customer ON DELETE SET NULL,
  email citext,
  active boolean NOT NULL DEFAULT true,
  label text GENERATED ALWAYS AS (upper(name)) STORED
);
CREATE UNIQUE INDEX customer_email ON customer (email) WHERE active;
CREATE TABLE orders (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customer ON DELETE CASCADE ON UPDATE CASCADE,
  queue_id integer REFERENCES queue,
  total numeric NOT NULL DEFAULT 0 CHECK (total >= 0),
  note json,
  touched integer NOT NULL DEFAULT 0
);
CREATE TABLE line (
  order_id integer NOT NULL REFERENCES orders ON DELETE CASCADE,
  number integer NOT NULL,
  what text NOT NULL,
  PRIMARY KEY (order_id, number)
);
CREATE TABLE booking (
  id integer PRIMARY KEY,
  room integer NOT NULL,
  during int4range NOT NULL,
  CONSTRAINT booking_once EXCLUDE USING gist (room WITH =, during WITH &&)
);
CREATE TABLE visit (id integer, day date, what text, PRIMARY KEY (id, day))
  PARTITION BY RANGE (day);
CREATE TABLE visit_2025 PARTITION OF visit FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE visit_2026 PARTITION OF visit FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE keyless (what text);
CREATE TABLE history (id bigserial PRIMARY KEY, what text NOT NULL);

CREATE FUNCTION orders_touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  NEW.touched := OLD.touched + 1; RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE OF total ON orders FOR EACH ROW WHEN (NEW.id > 0) EXECUTE
  FUNCTION orders_touch();
CREATE FUNCTION orders_history() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO history (what) VALUES (TG_OP || ' ' || coalesce(NEW.id, OLD.id) || ' of ' ||
    (SELECT count(*) FROM orders)); RETURN NULL; END $$;
CREATE TRIGGER history AFTER INSERT OR UPDATE OR DELETE ON orders FOR EACH ROW EXECUTE FUNCTION
  orders_history();

INSERT INTO customer (name, boss, email) VALUES ('Ada', NULL, 'ada@x'), ('Bob', 1, 'bob@x'),
  ('Cy', 2, NULL);
INSERT INTO orders (customer_id, queue_id, total, note) VALUES (1, 1, 10, '{"a": 1}'),
  (1, 2, 20, NULL), (2, 1, 30, '{"b":  2}');
INSERT INTO line VALUES (1, 1, 'ink'), (1, 2, 'pen'), (3, 1, 'pad');
INSERT INTO booking VALUES (1, 1, '[1,5)'), (2, 1, '[5,9)'), (3, 2, '[1,9)');
INSERT INTO visit VALUES (1, '2025-05-05', 'first'), (1, '2026-05-05', 'second');
INSERT INTO keyless VALUES ('x');
)sql";

class WrittenDataTest : public CopyCarrier {
 protected:
  WrittenDataTest() {
    live_.run(std::string(kWork), "doppel_owner");
    const database::Schema schema = database_->open(Access::kReadOnly)->read_schema();
    for (const char* name : {"booking", "customer", "history", "line", "orders", "visit"}) {
      const database::Table& table = *schema.table(name);
      spec_.tables.push_back({.shape = database::shape_of(table, table.primary_key),
                              .kind = database::TrackedTable::Kind::kData});
    }
    spec_.data_writes = database::DataWrites::kAll;
    class_trigger("history", database::TriggerUse::kReplay);
  }

  void class_trigger(const std::string& name, database::TriggerUse use) {
    for (database::TrackedTable& table : spec_.tables) {
      if (table.shape->name == "orders") table.triggers[name] = use;
    }
  }

  /// The SQLSTATE with which a statement fails, or 00000.
  std::string state(const std::string& sql) {
    Link link({.dsn = overlays().access_for_application(spec_).dsn, .access = Access::kReadWrite});
    return state(link, sql);
  }
  static std::string state(Link& link, const std::string& sql) {
    try {
      link.run_script(sql);
    } catch (const ServerError& error) {
      return error.problem().sqlstate;
    }
    return "00000";
  }

  std::string schema() const { return names_of(spec_).schema; }
  std::string role() const { return names_of(spec_).role; }

  std::unique_ptr<Link> writer() {
    return std::make_unique<Link>(OpenOptions{.dsn = overlays().access_for_application(spec_).dsn,
                                              .access = Access::kReadWrite});
  }
};

}  // namespace doppel::postgres::testing
