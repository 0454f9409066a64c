-- Requests that are done once, and what those who watch are told. Instants are microseconds since
-- 1970 by the store's time.

-- A request that named itself, so that sending it again does nothing twice. Without an answer it is
-- being worked on, or its server died over it.
CREATE TABLE access_request (
  tenant TEXT NOT NULL,
  user_id TEXT NOT NULL,
  name TEXT NOT NULL,
  content TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  answer TEXT,
  PRIMARY KEY (tenant, user_id, name)
);

CREATE INDEX access_request_age ON access_request (tenant, created_at);

-- Numbers are counted for each audience by itself: nobody learns from a gap that there is something
-- he isn't told.
CREATE TABLE access_event (
  tenant TEXT NOT NULL,
  audience TEXT NOT NULL,
  number BIGINT NOT NULL,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  resource TEXT NOT NULL,
  key TEXT NOT NULL,
  verb TEXT NOT NULL,
  PRIMARY KEY (tenant, audience, number)
);

CREATE INDEX access_event_age ON access_event (tenant, at);

CREATE TABLE access_event_head (
  tenant TEXT NOT NULL,
  audience TEXT NOT NULL,
  number BIGINT NOT NULL,
  PRIMARY KEY (tenant, audience)
);
