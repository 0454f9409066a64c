-- The work itself: live's, in whatever environment somebody stands.

CREATE TABLE number_series (
  name TEXT NOT NULL PRIMARY KEY,
  next_number BIGINT NOT NULL
);

CREATE TABLE accounts (
  id TEXT NOT NULL PRIMARY KEY,
  number BIGINT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  tier TEXT NOT NULL DEFAULT 'standard'
    CHECK (tier IN ('standard', 'silver', 'gold', 'platinum')),
  contract_number TEXT,
  contract_policy_id TEXT REFERENCES sla_policies (id),
  contract_until_on TEXT,
  renewal_on TEXT,
  price_list_id TEXT REFERENCES price_lists (id),
  owner_id TEXT REFERENCES users (id),
  parent_id TEXT REFERENCES accounts (id),
  email TEXT,
  phone TEXT,
  website TEXT,
  street TEXT,
  postal_code TEXT,
  city TEXT,
  country_code TEXT,
  locale TEXT,
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX accounts_name ON accounts (name, id);
CREATE INDEX accounts_owner ON accounts (owner_id);
CREATE INDEX accounts_parent ON accounts (parent_id);
CREATE INDEX accounts_contract_policy ON accounts (contract_policy_id);
CREATE INDEX accounts_price_list ON accounts (price_list_id);

CREATE TABLE contacts (
  id TEXT NOT NULL PRIMARY KEY,
  account_id TEXT REFERENCES accounts (id),
  given_name TEXT NOT NULL DEFAULT '',
  family_name TEXT NOT NULL,
  email TEXT,
  phone TEXT,
  job_title TEXT,
  locale TEXT,
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX contacts_account ON contacts (account_id);
CREATE INDEX contacts_email ON contacts (email);

CREATE TABLE opportunities (
  id TEXT NOT NULL PRIMARY KEY,
  number BIGINT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  contact_id TEXT REFERENCES contacts (id),
  pipeline_id TEXT NOT NULL REFERENCES pipelines (id),
  stage_id TEXT NOT NULL REFERENCES pipeline_stages (id),
  owner_id TEXT REFERENCES users (id),
  price_list_id TEXT REFERENCES price_lists (id),
  currency TEXT NOT NULL,
  net_amount BIGINT NOT NULL DEFAULT 0,
  tax_amount BIGINT NOT NULL DEFAULT 0,
  close_on TEXT,
  closed_at TEXT,
  lost_reason TEXT,
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX opportunities_account ON opportunities (account_id);
CREATE INDEX opportunities_contact ON opportunities (contact_id);
CREATE INDEX opportunities_pipeline ON opportunities (pipeline_id);
CREATE INDEX opportunities_stage ON opportunities (stage_id, id);
CREATE INDEX opportunities_owner ON opportunities (owner_id);
CREATE INDEX opportunities_price_list ON opportunities (price_list_id);

CREATE TABLE opportunity_lines (
  id TEXT NOT NULL PRIMARY KEY,
  opportunity_id TEXT NOT NULL REFERENCES opportunities (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  product_id TEXT NOT NULL REFERENCES products (id),
  tax_id TEXT REFERENCES taxes (id),
  description TEXT NOT NULL DEFAULT '',
  quantity INTEGER NOT NULL DEFAULT 1 CHECK (quantity > 0),
  unit_price BIGINT NOT NULL,
  discount_per_million INTEGER NOT NULL DEFAULT 0
    CHECK (discount_per_million BETWEEN 0 AND 1000000),
  net_amount BIGINT NOT NULL,
  tax_amount BIGINT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX opportunity_lines_opportunity ON opportunity_lines (opportunity_id, position);
CREATE INDEX opportunity_lines_product ON opportunity_lines (product_id);
CREATE INDEX opportunity_lines_tax ON opportunity_lines (tax_id);

CREATE TABLE cases (
  id TEXT NOT NULL PRIMARY KEY,
  number BIGINT NOT NULL UNIQUE,
  subject TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  account_id TEXT REFERENCES accounts (id),
  contact_id TEXT REFERENCES contacts (id),
  queue_id TEXT NOT NULL REFERENCES queues (id),
  status_id TEXT NOT NULL REFERENCES case_statuses (id),
  category_id TEXT REFERENCES case_categories (id),
  assignee_id TEXT REFERENCES users (id),
  priority TEXT NOT NULL DEFAULT 'normal'
    CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
  channel TEXT NOT NULL DEFAULT 'api'
    CHECK (channel IN ('api', 'mail', 'phone', 'web', 'chat')),
  first_reply_at TEXT,
  solved_at TEXT,
  closed_at TEXT,
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX cases_account ON cases (account_id, id);
CREATE INDEX cases_contact ON cases (contact_id, id);
CREATE INDEX cases_queue ON cases (queue_id, status_id, id);
CREATE INDEX cases_status ON cases (status_id, id);
CREATE INDEX cases_category ON cases (category_id);
CREATE INDEX cases_assignee ON cases (assignee_id, status_id);
CREATE INDEX cases_turn ON cases (queue_id, assignee_id, id);

CREATE TABLE case_messages (
  id TEXT NOT NULL PRIMARY KEY,
  case_id TEXT NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('customer', 'reply', 'comment')),
  author_id TEXT REFERENCES users (id),
  contact_id TEXT REFERENCES contacts (id),
  body TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX case_messages_case ON case_messages (case_id, id);
CREATE INDEX case_messages_author ON case_messages (author_id);
CREATE INDEX case_messages_contact ON case_messages (contact_id);

CREATE TABLE attachments (
  id TEXT NOT NULL PRIMARY KEY,
  message_id TEXT NOT NULL REFERENCES case_messages (id) ON DELETE CASCADE,
  file_name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  content BLOB NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX attachments_message ON attachments (message_id);

-- What happened to a case, and why it went where it went.
CREATE TABLE case_events (
  id TEXT NOT NULL PRIMARY KEY,
  case_id TEXT NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('created', 'routed', 'assigned', 'status')),
  author_id TEXT REFERENCES users (id),
  detail TEXT NOT NULL DEFAULT '{}',
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX case_events_case ON case_events (case_id, id);
CREATE INDEX case_events_author ON case_events (author_id);

CREATE TABLE activities (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('call', 'meeting')),
  subject TEXT NOT NULL,
  account_id TEXT REFERENCES accounts (id),
  contact_id TEXT REFERENCES contacts (id),
  opportunity_id TEXT REFERENCES opportunities (id),
  owner_id TEXT REFERENCES users (id),
  begins_at TEXT NOT NULL,
  minutes INTEGER NOT NULL DEFAULT 30 CHECK (minutes >= 0),
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX activities_account ON activities (account_id, begins_at);
CREATE INDEX activities_contact ON activities (contact_id);
CREATE INDEX activities_opportunity ON activities (opportunity_id);
CREATE INDEX activities_owner ON activities (owner_id, begins_at);

CREATE TABLE tasks (
  id TEXT NOT NULL PRIMARY KEY,
  subject TEXT NOT NULL,
  account_id TEXT REFERENCES accounts (id),
  opportunity_id TEXT REFERENCES opportunities (id),
  case_id TEXT REFERENCES cases (id),
  owner_id TEXT REFERENCES users (id),
  due_on TEXT,
  is_done INTEGER NOT NULL DEFAULT 0 CHECK (is_done IN (0, 1)),
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX tasks_account ON tasks (account_id);
CREATE INDEX tasks_opportunity ON tasks (opportunity_id);
CREATE INDEX tasks_case ON tasks (case_id);
CREATE INDEX tasks_owner ON tasks (owner_id, is_done, due_on);

CREATE TABLE notes (
  id TEXT NOT NULL PRIMARY KEY,
  account_id TEXT REFERENCES accounts (id) ON DELETE CASCADE,
  contact_id TEXT REFERENCES contacts (id) ON DELETE CASCADE,
  opportunity_id TEXT REFERENCES opportunities (id) ON DELETE CASCADE,
  author_id TEXT REFERENCES users (id),
  body TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX notes_account ON notes (account_id);
CREATE INDEX notes_contact ON notes (contact_id);
CREATE INDEX notes_opportunity ON notes (opportunity_id);
CREATE INDEX notes_author ON notes (author_id);

CREATE TABLE emails (
  id TEXT NOT NULL PRIMARY KEY,
  direction TEXT NOT NULL CHECK (direction IN ('in', 'out')),
  account_id TEXT REFERENCES accounts (id),
  contact_id TEXT REFERENCES contacts (id),
  opportunity_id TEXT REFERENCES opportunities (id),
  sender TEXT NOT NULL,
  recipient TEXT NOT NULL,
  subject TEXT NOT NULL,
  body TEXT NOT NULL,
  sent_at TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX emails_account ON emails (account_id, sent_at);
CREATE INDEX emails_contact ON emails (contact_id);
CREATE INDEX emails_opportunity ON emails (opportunity_id);

-- Values of custom fields. `record_id` is a row of the table that `object` names.
CREATE TABLE custom_values (
  id TEXT NOT NULL PRIMARY KEY,
  field_id TEXT NOT NULL REFERENCES custom_fields (id),
  object TEXT NOT NULL,
  record_id TEXT NOT NULL,
  option_id TEXT REFERENCES custom_field_options (id),
  value TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (record_id, field_id)
);
CREATE INDEX custom_values_field ON custom_values (field_id, value);
CREATE INDEX custom_values_option ON custom_values (option_id);
