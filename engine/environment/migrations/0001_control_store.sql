-- The control store: tenants, environments, their transitions, plans and answers.

CREATE TABLE tenant (
  name TEXT PRIMARY KEY,
  dsn TEXT NOT NULL,
  manifest_file TEXT NOT NULL,
  manifest TEXT NOT NULL,
  created_at TEXT NOT NULL,
  created_by TEXT NOT NULL
);

CREATE TABLE environment (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL REFERENCES tenant (name),
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  carrier TEXT NOT NULL,
  follow TEXT NOT NULL,
  state TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  base TEXT NOT NULL,
  base_at TEXT NOT NULL,
  pending TEXT NOT NULL,
  created_at TEXT NOT NULL,
  created_by TEXT NOT NULL,
  purpose TEXT NOT NULL
);

-- A name is free again when its sandbox has ended.
CREATE UNIQUE INDEX environment_name ON environment (tenant, name) WHERE state <> 'discarded';

CREATE TABLE transition (
  number INTEGER PRIMARY KEY /* postgresql: GENERATED ALWAYS AS IDENTITY */,
  environment TEXT NOT NULL REFERENCES environment (id),
  event TEXT NOT NULL,
  from_state TEXT NOT NULL,
  to_state TEXT NOT NULL,
  at TEXT NOT NULL,
  by_whom TEXT NOT NULL,
  reason TEXT NOT NULL
);

CREATE TABLE plan (
  hash TEXT NOT NULL,
  source TEXT NOT NULL,
  made_at TEXT NOT NULL,
  made_by TEXT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (hash, source)
);

CREATE TABLE answer (
  source TEXT NOT NULL,
  conflict TEXT NOT NULL,
  inputs TEXT NOT NULL,
  kind TEXT NOT NULL,
  given TEXT NOT NULL,
  at TEXT NOT NULL,
  by_whom TEXT NOT NULL,
  PRIMARY KEY (source, conflict)
);
