-- What a control store needs that several machines share: who works on what, and what else would be
-- a file. /* postgresql: ... */ is part of the text there and a comment elsewhere.

CREATE TABLE lease (
  resource TEXT PRIMARY KEY,
  token BIGINT NOT NULL,
  by_whom TEXT NOT NULL,
  what TEXT NOT NULL,
  host TEXT NOT NULL,
  machine TEXT NOT NULL,
  process BIGINT NOT NULL,
  process_started TEXT NOT NULL,
  taken_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);

CREATE TABLE document (
  shelf TEXT NOT NULL,
  name TEXT NOT NULL /* postgresql: COLLATE "C" */,
  head TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (shelf, name)
);
