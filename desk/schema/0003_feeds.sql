-- Data feeds: files from elsewhere that become records, by mappings of their columns.

CREATE TABLE data_feeds (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  object TEXT NOT NULL
    CHECK (object IN ('accounts', 'contacts', 'opportunities', 'cases', 'activities', 'tasks')),
  format TEXT NOT NULL DEFAULT 'csv' CHECK (format IN ('csv', 'json_lines')),
  separator TEXT NOT NULL DEFAULT 'comma'
    CHECK (separator IN ('comma', 'semicolon', 'tab', 'bar')),
  rule TEXT NOT NULL DEFAULT 'update_or_create'
    CHECK (rule IN ('update_or_create', 'create', 'update')),
  is_enabled INTEGER NOT NULL DEFAULT 1 CHECK (is_enabled IN (0, 1)),
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX data_feeds_name ON data_feeds (lower(name));

-- What a field is filled from. `target` is a field, or field:KEY of a custom one; `look_up` the
-- field by which a reference is found.
CREATE TABLE feed_mappings (
  id TEXT NOT NULL PRIMARY KEY,
  feed_id TEXT NOT NULL REFERENCES data_feeds (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  source TEXT NOT NULL DEFAULT '',
  target TEXT NOT NULL,
  kind TEXT NOT NULL DEFAULT 'text'
    CHECK (kind IN ('text', 'integer', 'money', 'boolean', 'date', 'date_dmy', 'date_mdy',
      'look_up')),
  look_up TEXT NOT NULL DEFAULT '',
  default_value TEXT,
  value_map TEXT NOT NULL DEFAULT '{}',
  is_key INTEGER NOT NULL DEFAULT 0 CHECK (is_key IN (0, 1)),
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (feed_id, target)
);

-- What came of a file, and what of it couldn't be taken so far.
CREATE TABLE feed_runs (
  id TEXT NOT NULL PRIMARY KEY,
  feed_id TEXT NOT NULL REFERENCES data_feeds (id),
  file_name TEXT NOT NULL DEFAULT '',
  content_hash TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'with_errors')),
  row_count INTEGER NOT NULL DEFAULT 0,
  created_count INTEGER NOT NULL DEFAULT 0,
  updated_count INTEGER NOT NULL DEFAULT 0,
  unchanged_count INTEGER NOT NULL DEFAULT 0,
  error_count INTEGER NOT NULL DEFAULT 0,
  author_id TEXT REFERENCES users (id),
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX feed_runs_feed ON feed_runs (feed_id, id);
CREATE INDEX feed_runs_author ON feed_runs (author_id);

CREATE TABLE feed_errors (
  id TEXT NOT NULL PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES feed_runs (id) ON DELETE CASCADE,
  line INTEGER NOT NULL,
  source TEXT NOT NULL,
  problems TEXT NOT NULL DEFAULT '[]',
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'mended', 'left_out')),
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX feed_errors_run ON feed_errors (run_id, line);

-- Teams that take a queue's cases: all of their people do, beside the members by name.

CREATE TABLE queue_teams (
  id TEXT NOT NULL PRIMARY KEY,
  queue_id TEXT NOT NULL REFERENCES queues (id) ON DELETE CASCADE,
  team_id TEXT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
  capacity INTEGER CHECK (capacity > 0),
  version INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (queue_id, team_id)
);
CREATE INDEX queue_teams_team ON queue_teams (team_id);
