-- What administrators set up. One text for SQLite and PostgreSQL: schema.cpp only adds how text is
-- compared. Keys are UUIDs of version 7, instants text in UTC, money integers in the currency's
-- smallest unit, JSON text, yes and no 1 and 0.

CREATE TABLE desk_schema (
  name TEXT NOT NULL PRIMARY KEY,
  applied_at TEXT NOT NULL
);

-- The organisation.

CREATE TABLE settings (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  value TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);

CREATE TABLE modules (
  id TEXT NOT NULL PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  is_enabled INTEGER NOT NULL DEFAULT 1 CHECK (is_enabled IN (0, 1)),
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);

CREATE TABLE roles (
  id TEXT NOT NULL PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  rights TEXT NOT NULL DEFAULT '[]',
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);

CREATE TABLE teams (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX teams_name ON teams (lower(name));

CREATE TABLE skills (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX skills_name ON skills (lower(name));

-- People. Credentials stand here and nowhere else in the desk.

CREATE TABLE users (
  id TEXT NOT NULL PRIMARY KEY,
  login TEXT NOT NULL,
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  password_hash TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('invited', 'active', 'disabled')),
  team_id TEXT REFERENCES teams (id),
  locale TEXT,
  time_zone TEXT,
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX users_login ON users (lower(login));
CREATE INDEX users_team ON users (team_id);

CREATE TABLE user_roles (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role_id TEXT NOT NULL REFERENCES roles (id),
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (user_id, role_id)
);
CREATE INDEX user_roles_role ON user_roles (role_id);

CREATE TABLE user_skills (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  skill_id TEXT NOT NULL REFERENCES skills (id),
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (user_id, skill_id)
);
CREATE INDEX user_skills_skill ON user_skills (skill_id);

-- Service levels.

CREATE TABLE calendars (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  hours TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX calendars_name ON calendars (lower(name));

CREATE TABLE holidays (
  id TEXT NOT NULL PRIMARY KEY,
  calendar_id TEXT NOT NULL REFERENCES calendars (id) ON DELETE CASCADE,
  held_on TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (calendar_id, held_on)
);

CREATE TABLE sla_policies (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  position INTEGER NOT NULL,
  is_enabled INTEGER NOT NULL DEFAULT 1 CHECK (is_enabled IN (0, 1)),
  calendar_id TEXT NOT NULL REFERENCES calendars (id),
  conditions TEXT NOT NULL DEFAULT '{}',
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX sla_policies_name ON sla_policies (lower(name));
CREATE INDEX sla_policies_calendar ON sla_policies (calendar_id);

CREATE TABLE sla_targets (
  id TEXT NOT NULL PRIMARY KEY,
  policy_id TEXT NOT NULL REFERENCES sla_policies (id) ON DELETE CASCADE,
  priority TEXT NOT NULL CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
  metric TEXT NOT NULL CHECK (metric IN ('first_reply', 'next_reply', 'resolution')),
  minutes INTEGER NOT NULL CHECK (minutes > 0),
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (policy_id, priority, metric)
);

-- Cases: where they go, what they are about, how they live.

CREATE TABLE queues (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  is_default INTEGER NOT NULL DEFAULT 0 CHECK (is_default IN (0, 1)),
  assignment TEXT NOT NULL DEFAULT 'manual'
    CHECK (assignment IN ('manual', 'round_robin', 'least_active')),
  is_sticky INTEGER NOT NULL DEFAULT 0 CHECK (is_sticky IN (0, 1)),
  capacity INTEGER NOT NULL DEFAULT 20 CHECK (capacity > 0),
  fallback_queue_id TEXT REFERENCES queues (id),
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX queues_name ON queues (lower(name));
CREATE INDEX queues_fallback ON queues (fallback_queue_id);

CREATE TABLE queue_members (
  id TEXT NOT NULL PRIMARY KEY,
  queue_id TEXT NOT NULL REFERENCES queues (id) ON DELETE CASCADE,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  capacity INTEGER CHECK (capacity > 0),
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (queue_id, user_id)
);
CREATE INDEX queue_members_user ON queue_members (user_id);

CREATE TABLE queue_skills (
  id TEXT NOT NULL PRIMARY KEY,
  queue_id TEXT NOT NULL REFERENCES queues (id) ON DELETE CASCADE,
  skill_id TEXT NOT NULL REFERENCES skills (id),
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (queue_id, skill_id)
);
CREATE INDEX queue_skills_skill ON queue_skills (skill_id);

CREATE TABLE routing_rules (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  position INTEGER NOT NULL,
  is_enabled INTEGER NOT NULL DEFAULT 1 CHECK (is_enabled IN (0, 1)),
  conditions TEXT NOT NULL DEFAULT '{}',
  queue_id TEXT NOT NULL REFERENCES queues (id),
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX routing_rules_queue ON routing_rules (queue_id);

CREATE TABLE case_categories (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  parent_id TEXT REFERENCES case_categories (id),
  queue_id TEXT REFERENCES queues (id),
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX case_categories_name ON case_categories (coalesce(parent_id, ''), lower(name));
CREATE INDEX case_categories_parent ON case_categories (parent_id);
CREATE INDEX case_categories_queue ON case_categories (queue_id);

CREATE TABLE case_statuses (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('new', 'open', 'pending', 'solved', 'closed')),
  position INTEGER NOT NULL,
  is_default INTEGER NOT NULL DEFAULT 0 CHECK (is_default IN (0, 1)),
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX case_statuses_name ON case_statuses (lower(name));

CREATE TABLE case_status_transitions (
  id TEXT NOT NULL PRIMARY KEY,
  from_status_id TEXT NOT NULL REFERENCES case_statuses (id) ON DELETE CASCADE,
  to_status_id TEXT NOT NULL REFERENCES case_statuses (id) ON DELETE CASCADE,
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (from_status_id, to_status_id)
);
CREATE INDEX case_status_transitions_to ON case_status_transitions (to_status_id);

CREATE TABLE macros (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  is_enabled INTEGER NOT NULL DEFAULT 1 CHECK (is_enabled IN (0, 1)),
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX macros_name ON macros (lower(name));

CREATE TABLE macro_actions (
  id TEXT NOT NULL PRIMARY KEY,
  macro_id TEXT NOT NULL REFERENCES macros (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  action TEXT NOT NULL CHECK (action IN ('set_status', 'set_queue', 'set_category', 'assign',
    'set_priority', 'reply', 'comment')),
  target_id TEXT,
  value TEXT NOT NULL DEFAULT '',
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX macro_actions_macro ON macro_actions (macro_id, position);

-- Sales.

CREATE TABLE pipelines (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  position INTEGER NOT NULL,
  is_default INTEGER NOT NULL DEFAULT 0 CHECK (is_default IN (0, 1)),
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX pipelines_name ON pipelines (lower(name));

CREATE TABLE pipeline_stages (
  id TEXT NOT NULL PRIMARY KEY,
  pipeline_id TEXT NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  position INTEGER NOT NULL,
  kind TEXT NOT NULL DEFAULT 'open' CHECK (kind IN ('open', 'won', 'lost')),
  probability INTEGER NOT NULL DEFAULT 0 CHECK (probability BETWEEN 0 AND 100),
  required_fields TEXT NOT NULL DEFAULT '[]',
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX pipeline_stages_name ON pipeline_stages (pipeline_id, lower(name));

CREATE TABLE taxes (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  rate_per_million INTEGER NOT NULL CHECK (rate_per_million BETWEEN 0 AND 1000000),
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX taxes_name ON taxes (lower(name));

CREATE TABLE products (
  id TEXT NOT NULL PRIMARY KEY,
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  unit TEXT NOT NULL DEFAULT 'piece',
  tax_id TEXT REFERENCES taxes (id),
  is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX products_code ON products (lower(code));
CREATE INDEX products_tax ON products (tax_id);

CREATE TABLE price_lists (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  currency TEXT NOT NULL,
  is_default INTEGER NOT NULL DEFAULT 0 CHECK (is_default IN (0, 1)),
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX price_lists_name ON price_lists (lower(name));

CREATE TABLE prices (
  id TEXT NOT NULL PRIMARY KEY,
  price_list_id TEXT NOT NULL REFERENCES price_lists (id) ON DELETE CASCADE,
  product_id TEXT NOT NULL REFERENCES products (id) ON DELETE CASCADE,
  from_quantity INTEGER NOT NULL DEFAULT 1 CHECK (from_quantity > 0),
  unit_price BIGINT NOT NULL CHECK (unit_price >= 0),
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (price_list_id, product_id, from_quantity)
);
CREATE INDEX prices_product ON prices (product_id);

-- How records look, and what they hold besides.

CREATE TABLE custom_fields (
  id TEXT NOT NULL PRIMARY KEY,
  object TEXT NOT NULL CHECK (object IN ('accounts', 'contacts', 'opportunities', 'cases')),
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('text', 'integer', 'decimal', 'date', 'boolean', 'choice')),
  is_required INTEGER NOT NULL DEFAULT 0 CHECK (is_required IN (0, 1)),
  position INTEGER NOT NULL,
  default_value TEXT,
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX custom_fields_code ON custom_fields (object, lower(code));

CREATE TABLE custom_field_options (
  id TEXT NOT NULL PRIMARY KEY,
  field_id TEXT NOT NULL REFERENCES custom_fields (id) ON DELETE CASCADE,
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  position INTEGER NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX custom_field_options_code ON custom_field_options (field_id, lower(code));

CREATE TABLE layouts (
  id TEXT NOT NULL PRIMARY KEY,
  object TEXT NOT NULL CHECK (object IN ('accounts', 'contacts', 'opportunities', 'cases')),
  name TEXT NOT NULL,
  is_default INTEGER NOT NULL DEFAULT 0 CHECK (is_default IN (0, 1)),
  sections TEXT NOT NULL DEFAULT '[]',
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX layouts_name ON layouts (object, lower(name));

CREATE TABLE saved_views (
  id TEXT NOT NULL PRIMARY KEY,
  object TEXT NOT NULL,
  name TEXT NOT NULL,
  position INTEGER NOT NULL,
  filters TEXT NOT NULL DEFAULT '[]',
  sort TEXT NOT NULL DEFAULT '',
  fields TEXT NOT NULL DEFAULT '[]',
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX saved_views_name ON saved_views (object, lower(name));

CREATE TABLE templates (
  id TEXT NOT NULL PRIMARY KEY,
  code TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('mail', 'document')),
  object TEXT NOT NULL CHECK (object IN ('accounts', 'contacts', 'opportunities', 'cases')),
  locale TEXT NOT NULL DEFAULT '',
  subject TEXT NOT NULL DEFAULT '',
  body TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX templates_code ON templates (lower(code), locale);
