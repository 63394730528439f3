-- People at the console: accounts, passwords (hashed), sessions and one-time links. Personal data: a person that is
-- removed is gone from every row here. Columns are those of the sign-in library, moments ISO 8601 text.
CREATE TABLE sign_in_user (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  email TEXT NOT NULL UNIQUE,
  email_verified INTEGER NOT NULL,
  image TEXT,
  role TEXT NOT NULL CHECK (role IN ('operator', 'owner', 'member')),
  customer_id TEXT,
  member_id TEXT,
  is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  CHECK ((role = 'operator') = (customer_id IS NULL)),
  CHECK (role <> 'operator' OR member_id IS NULL),
  CHECK (role <> 'member' OR member_id IS NOT NULL)
) STRICT;

CREATE INDEX sign_in_user_customer ON sign_in_user (customer_id, member_id);

CREATE TABLE sign_in_session (
  id TEXT PRIMARY KEY,
  token TEXT NOT NULL UNIQUE,
  user_id TEXT NOT NULL,
  user_agent TEXT,
  ip_address TEXT,
  expires_at TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;

CREATE INDEX sign_in_session_user ON sign_in_session (user_id);

CREATE TABLE sign_in_credential (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  provider_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  password TEXT,
  access_token TEXT,
  refresh_token TEXT,
  id_token TEXT,
  access_token_expires_at TEXT,
  refresh_token_expires_at TEXT,
  scope TEXT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (provider_id, account_id)
) STRICT;

CREATE INDEX sign_in_credential_user ON sign_in_credential (user_id);

-- One-time links to set a password: `identifier` has the digest of the link's code, `value` the person.
CREATE TABLE sign_in_link (
  id TEXT PRIMARY KEY,
  identifier TEXT NOT NULL UNIQUE,
  value TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;

CREATE INDEX sign_in_link_value ON sign_in_link (value);

-- What was done at the admin API and is no journal entry: sign-ins, people, backups. Opaque ids only, no secrets.
CREATE TABLE admin_act (
  id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  act TEXT NOT NULL,
  target TEXT,
  details TEXT NOT NULL
) STRICT;

CREATE INDEX admin_act_actor ON admin_act (actor, id);

CREATE TRIGGER admin_act_no_update BEFORE UPDATE ON admin_act
BEGIN
  SELECT raise(ABORT, 'acts are never changed');
END;

CREATE TRIGGER admin_act_no_delete BEFORE DELETE ON admin_act
BEGIN
  SELECT raise(ABORT, 'acts are never removed');
END;
