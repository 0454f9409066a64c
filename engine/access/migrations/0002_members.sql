-- Who is let into a sandbox. `environment` is its id, which no later one gets again.

CREATE TABLE access_member (
  tenant TEXT NOT NULL,
  environment TEXT NOT NULL,
  user_id TEXT NOT NULL,
  role TEXT NOT NULL,
  added_at BIGINT NOT NULL,
  added_by TEXT NOT NULL,
  PRIMARY KEY (tenant, environment, user_id)
);

CREATE INDEX access_member_user ON access_member (tenant, user_id);
