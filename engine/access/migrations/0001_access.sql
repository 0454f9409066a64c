-- Who is in, how he proves it, what was done. Instants are microseconds since 1970 by the store's
-- time, 0 where it never happened. Of what opens a door only hashes stand here.

CREATE TABLE access_session (
  hash TEXT PRIMARY KEY,
  handle TEXT NOT NULL UNIQUE,
  tenant TEXT NOT NULL,
  user_id TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  ends_at BIGINT NOT NULL,
  address TEXT NOT NULL,
  agent TEXT NOT NULL
);

CREATE INDEX access_session_user ON access_session (tenant, user_id);

CREATE TABLE access_token (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  tenant TEXT NOT NULL,
  user_id TEXT NOT NULL,
  environment TEXT NOT NULL,
  name TEXT NOT NULL,
  prefix TEXT NOT NULL,
  rights TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  ends_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL,
  revoked_at BIGINT NOT NULL
);

CREATE INDEX access_token_user ON access_token (tenant, user_id);

CREATE TABLE access_link (
  hash TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  user_id TEXT NOT NULL,
  purpose TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  ends_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL
);

CREATE INDEX access_link_user ON access_link (tenant, user_id);

-- A subject is hashed: what somebody types as a login may be his password.
CREATE TABLE access_throttle (
  tenant TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  failures BIGINT NOT NULL,
  since BIGINT NOT NULL,
  blocked_until BIGINT NOT NULL,
  PRIMARY KEY (tenant, kind, subject)
);

-- The one made last signs; the others are good for what they signed until they end.
CREATE TABLE access_key (
  id TEXT PRIMARY KEY,
  purpose TEXT NOT NULL,
  secret TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  ends_at BIGINT NOT NULL
);

CREATE TABLE access_audit (
  tenant TEXT NOT NULL,
  number BIGINT NOT NULL,
  at TEXT NOT NULL,
  who TEXT NOT NULL,
  environment TEXT NOT NULL,
  verb TEXT NOT NULL,
  resource TEXT NOT NULL,
  key TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  request TEXT NOT NULL,
  address TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (tenant, number)
);

CREATE TABLE access_audit_head (
  tenant TEXT PRIMARY KEY,
  number BIGINT NOT NULL,
  hash TEXT NOT NULL
);
