-- A support desk, in the dialect of SQLite. Types are plain and nothing needs quoting, so that the
-- step to PostgreSQL is a small one: dialect.cpp makes it, word by word. Triggers stand by themselves.
--
-- The tables mix what real applications mix: plain integer keys (taken again after a delete),
-- AUTOINCREMENT, text keys, composite keys, tables without a rowid, references that the database
-- knows and references that only the application knows, with 0 for "none".

-- Reference: the same everywhere.

CREATE TABLE countries (
  code TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL
);

-- Who works here.

CREATE TABLE users (
  id INTEGER PRIMARY KEY,
  login TEXT NOT NULL,
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  phone TEXT,
  password_hash TEXT NOT NULL,
  active INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
  created_at TEXT NOT NULL
);
CREATE UNIQUE INDEX users_login ON users (login COLLATE NOCASE);

CREATE TABLE roles (
  code TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  permissions TEXT NOT NULL DEFAULT '[]' -- a JSON list: a set, its order means nothing
) WITHOUT ROWID;

CREATE TABLE user_roles (
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role_code TEXT NOT NULL REFERENCES roles (code),
  PRIMARY KEY (user_id, role_code)
) WITHOUT ROWID;
CREATE INDEX user_roles_role ON user_roles (role_code);

CREATE TABLE api_tokens (
  id INTEGER PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  token TEXT NOT NULL UNIQUE,
  expires_at TEXT
);
CREATE INDEX api_tokens_user ON api_tokens (user_id);

-- Configuration.

CREATE TABLE settings (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE calendars (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  hours TEXT NOT NULL, -- JSON: {"mon": [["08:00", "17:00"]]}
  country_code TEXT REFERENCES countries (code) ON DELETE SET NULL
);
CREATE UNIQUE INDEX calendars_name ON calendars (name COLLATE NOCASE);
CREATE INDEX calendars_country ON calendars (country_code);

CREATE TABLE holidays (
  calendar_id INTEGER NOT NULL REFERENCES calendars (id) ON DELETE CASCADE,
  day TEXT NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (calendar_id, day)
) WITHOUT ROWID;

CREATE TABLE sla_policies (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  calendar_id INTEGER NOT NULL REFERENCES calendars (id) ON DELETE RESTRICT,
  enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1))
);
CREATE UNIQUE INDEX sla_policies_name ON sla_policies (name COLLATE NOCASE);
CREATE INDEX sla_policies_calendar ON sla_policies (calendar_id);

CREATE TABLE sla_targets (
  policy_id INTEGER NOT NULL REFERENCES sla_policies (id) ON DELETE CASCADE,
  priority TEXT NOT NULL CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
  metric TEXT NOT NULL CHECK (metric IN ('first_response', 'resolution')),
  minutes INTEGER NOT NULL CHECK (minutes > 0),
  warn_minutes INTEGER GENERATED ALWAYS AS (minutes * 80 / 100) VIRTUAL,
  PRIMARY KEY (policy_id, priority, metric)
);

CREATE TABLE mailboxes (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  address TEXT NOT NULL UNIQUE,
  host TEXT NOT NULL,
  password TEXT NOT NULL,
  enabled INTEGER NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX mailboxes_name ON mailboxes (name COLLATE NOCASE);

CREATE TABLE queues (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  mailbox_id INTEGER REFERENCES mailboxes (id) ON DELETE SET NULL,
  sla_policy_id INTEGER REFERENCES sla_policies (id) ON DELETE SET NULL,
  owner_id INTEGER NOT NULL DEFAULT 0,          -- users; 0: nobody
  fallback_queue_id INTEGER NOT NULL DEFAULT 0, -- queues; 0: none
  max_open INTEGER NOT NULL DEFAULT 0 CHECK (max_open >= 0),
  created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE UNIQUE INDEX queues_name ON queues (name COLLATE NOCASE);
CREATE INDEX queues_mailbox ON queues (mailbox_id);
CREATE INDEX queues_sla_policy ON queues (sla_policy_id);

CREATE TABLE queue_members (
  queue_id INTEGER NOT NULL REFERENCES queues (id) ON DELETE CASCADE,
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  capacity INTEGER NOT NULL DEFAULT 10 CHECK (capacity > 0),
  PRIMARY KEY (queue_id, user_id)
);
CREATE INDEX queue_members_user ON queue_members (user_id);

CREATE TABLE ticket_statuses (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  slug TEXT GENERATED ALWAYS AS (lower(replace(name, ' ', '_'))) STORED,
  position INTEGER NOT NULL,
  is_closed INTEGER NOT NULL DEFAULT 0 CHECK (is_closed IN (0, 1)),
  is_default INTEGER NOT NULL DEFAULT 0 CHECK (is_default IN (0, 1)),
  pauses_sla INTEGER NOT NULL DEFAULT 0 CHECK (pauses_sla IN (0, 1))
);
CREATE UNIQUE INDEX ticket_statuses_name ON ticket_statuses (name COLLATE NOCASE);
CREATE UNIQUE INDEX ticket_statuses_default ON ticket_statuses (is_default) WHERE is_default = 1;

CREATE TABLE status_transitions (
  status_from INTEGER NOT NULL REFERENCES ticket_statuses (id) ON DELETE CASCADE,
  status_to INTEGER NOT NULL REFERENCES ticket_statuses (id) ON DELETE CASCADE,
  role_code TEXT REFERENCES roles (code),
  PRIMARY KEY (status_from, status_to),
  CHECK (status_from <> status_to)
);
CREATE INDEX status_transitions_to ON status_transitions (status_to);
CREATE INDEX status_transitions_role ON status_transitions (role_code);

CREATE TABLE categories (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  parent_id INTEGER REFERENCES categories (id) ON DELETE RESTRICT,
  queue_id INTEGER REFERENCES queues (id) ON DELETE SET NULL
);
CREATE UNIQUE INDEX categories_name ON categories (parent_id, name COLLATE NOCASE);
CREATE INDEX categories_queue ON categories (queue_id);

CREATE TABLE custom_fields (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('text', 'number', 'date', 'choice')),
  required INTEGER NOT NULL DEFAULT 0 CHECK (required IN (0, 1)),
  position INTEGER NOT NULL,
  default_option_id INTEGER -- custom_field_options, which refer back: a cycle
);
CREATE UNIQUE INDEX custom_fields_name ON custom_fields (name COLLATE NOCASE);

CREATE TABLE custom_field_options (
  id INTEGER PRIMARY KEY,
  field_id INTEGER NOT NULL REFERENCES custom_fields (id) ON DELETE CASCADE,
  label TEXT NOT NULL,
  position INTEGER NOT NULL,
  UNIQUE (field_id, label)
);

CREATE TABLE routing_rules (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  queue_id INTEGER NOT NULL DEFAULT 0, -- queues; 0: for every queue. Rules of a queue are a list
  position INTEGER NOT NULL,
  enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  target_queue_id INTEGER REFERENCES queues (id) ON DELETE RESTRICT,
  assign_to INTEGER NOT NULL DEFAULT 0, -- users; 0: nobody
  set_priority TEXT,
  created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX routing_rules_queue ON routing_rules (queue_id, position);
CREATE INDEX routing_rules_target ON routing_rules (target_queue_id);

CREATE TABLE rule_conditions (
  id INTEGER PRIMARY KEY,
  rule_id INTEGER NOT NULL REFERENCES routing_rules (id) ON DELETE CASCADE,
  field TEXT NOT NULL, -- a column of tickets, or field_3: the custom field 3
  operator TEXT NOT NULL CHECK (operator IN ('is', 'is_not', 'contains', 'in', 'greater')),
  value TEXT NOT NULL  -- option_4: the option 4 of a custom field of kind choice
);
CREATE INDEX rule_conditions_rule ON rule_conditions (rule_id);

CREATE TABLE macros (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  enabled INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE UNIQUE INDEX macros_name ON macros (name COLLATE NOCASE);

CREATE TABLE macro_actions (
  id INTEGER PRIMARY KEY,
  macro_id INTEGER NOT NULL REFERENCES macros (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  action TEXT NOT NULL,
  target_type TEXT, -- Queue, User, Status, Category: which table target_id means
  target_id INTEGER,
  value TEXT,
  UNIQUE (macro_id, position)
);

CREATE TABLE mail_templates (
  code TEXT NOT NULL PRIMARY KEY,
  subject TEXT NOT NULL,
  body TEXT NOT NULL, -- {{ticket.subject}}, {{field_2}}: the custom field 2
  updated_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
) WITHOUT ROWID;

CREATE TABLE saved_views (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  owner_id INTEGER NOT NULL DEFAULT 0, -- users; 0: everybody's
  position INTEGER NOT NULL,
  definition TEXT NOT NULL, -- JSON: {"filter": {"queue_id": [1, 2], "field_3": "option_7"}}
  created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX saved_views_owner ON saved_views (owner_id);

CREATE TABLE webhooks (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  url TEXT NOT NULL,
  secret TEXT NOT NULL,
  events TEXT NOT NULL, -- a JSON list
  queue_id INTEGER REFERENCES queues (id) ON DELETE CASCADE,
  enabled INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX webhooks_queue ON webhooks (queue_id);

-- Data.

CREATE TABLE customers (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  email TEXT NOT NULL UNIQUE,
  phone TEXT,
  company TEXT NOT NULL,
  city TEXT NOT NULL,
  country_code TEXT NOT NULL REFERENCES countries (code),
  created_at TEXT NOT NULL
);
CREATE INDEX customers_country ON customers (country_code);

CREATE TABLE tickets (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  subject TEXT NOT NULL,
  customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE RESTRICT,
  queue_id INTEGER NOT NULL REFERENCES queues (id) ON DELETE RESTRICT,
  status_id INTEGER NOT NULL REFERENCES ticket_statuses (id),
  category_id INTEGER REFERENCES categories (id) ON DELETE SET NULL, -- the one without an index
  assignee_id INTEGER REFERENCES users (id) ON DELETE SET NULL,
  priority TEXT NOT NULL DEFAULT 'normal'
    CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  first_response_at TEXT,
  closed_at TEXT
);
CREATE INDEX tickets_customer ON tickets (customer_id);
CREATE INDEX tickets_queue ON tickets (queue_id, status_id);
CREATE INDEX tickets_status ON tickets (status_id);
CREATE INDEX tickets_assignee ON tickets (assignee_id);

CREATE TABLE messages (
  id INTEGER PRIMARY KEY,
  ticket_id INTEGER NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
  author_type TEXT NOT NULL CHECK (author_type IN ('Customer', 'User')),
  author_id INTEGER NOT NULL, -- customers or users
  is_public INTEGER NOT NULL DEFAULT 1,
  body TEXT NOT NULL,
  created_at TEXT NOT NULL
);
CREATE INDEX messages_ticket ON messages (ticket_id);

CREATE TABLE custom_field_values (
  ticket_id INTEGER NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
  field_id INTEGER NOT NULL REFERENCES custom_fields (id) ON DELETE CASCADE,
  option_id INTEGER REFERENCES custom_field_options (id), -- of kind choice
  value TEXT,                                             -- of every other kind
  PRIMARY KEY (ticket_id, field_id)
) WITHOUT ROWID;
CREATE INDEX custom_field_values_field ON custom_field_values (field_id);
CREATE INDEX custom_field_values_option ON custom_field_values (option_id);

CREATE TABLE attachments (
  id INTEGER PRIMARY KEY,
  message_id INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
  file_name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  bytes INTEGER NOT NULL CHECK (bytes >= 0),
  stored_as TEXT NOT NULL
);
CREATE INDEX attachments_message ON attachments (message_id);

-- Log, what passes by, and what is computed.

CREATE TABLE audit_log (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,
  user_id INTEGER, -- users; none: the system
  action TEXT NOT NULL,
  object_type TEXT NOT NULL,
  object_id INTEGER NOT NULL,
  detail TEXT
);
CREATE INDEX audit_log_object ON audit_log (object_type, object_id);

CREATE TABLE sessions (
  token TEXT NOT NULL PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  seen_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE mail_queue (
  id INTEGER PRIMARY KEY,
  template_code TEXT REFERENCES mail_templates (code) ON DELETE SET NULL,
  recipient TEXT NOT NULL,
  subject TEXT NOT NULL,
  body TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL
);
CREATE INDEX mail_queue_template ON mail_queue (template_code);

-- The desk's servers read their configuration anew when the number has grown.
CREATE TABLE cache_marks (
  name TEXT NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE queue_stats (
  queue_id INTEGER NOT NULL PRIMARY KEY REFERENCES queues (id) ON DELETE CASCADE,
  open_tickets INTEGER NOT NULL,
  oldest_open_at TEXT
);

CREATE VIEW open_tickets AS
SELECT t.id, t.subject, q.name AS queue, s.name AS status, t.priority, t.created_at
FROM tickets t
JOIN queues q ON q.id = t.queue_id
JOIN ticket_statuses s ON s.id = t.status_id
WHERE s.is_closed = 0;
