-- The journal: the only truth about money and usage. One row per operation, never changed, never removed.
-- `hash` is the SHA-256 of the customer's previous hash and this row's content; each customer has a chain.
-- A seal is the digest of an account's sums after this entry; it vouches for the snapshot of that position.
CREATE TABLE journal (
  position INTEGER PRIMARY KEY,
  customer_id TEXT NOT NULL,
  member_id TEXT,
  kind TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  operation_id TEXT,
  operation_digest TEXT,
  actor TEXT,
  hold_id TEXT,
  is_shared INTEGER NOT NULL CHECK (is_shared IN (0, 1)),
  member_seal TEXT,
  customer_seal TEXT,
  legs TEXT NOT NULL,
  body TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;

-- Keys of these two indexes begin with the segment of 1,024 positions that a row is in. Entries of all
-- members arrive interleaved, so an index by member alone would dirty one page per entry; within a segment
-- they share a few dozen pages. A reader looks into one segment after another.
CREATE INDEX journal_account ON journal (position >> 10, customer_id, is_shared, member_id);
CREATE INDEX journal_hold ON journal (position >> 10, hold_id, kind) WHERE hold_id IS NOT NULL;

-- These hold few rows each: settings, not traffic.
CREATE UNIQUE INDEX journal_operation ON journal (customer_id, operation_id) WHERE operation_id IS NOT NULL;
CREATE INDEX journal_key ON journal (body ->> '$.keyHash') WHERE kind = 'key_issued';
CREATE INDEX journal_revocation ON journal (body ->> '$.keyId') WHERE kind = 'key_revoked';
CREATE INDEX journal_rare ON journal (kind, customer_id, member_id)
  WHERE kind NOT IN ('held', 'hold_grown', 'settled', 'voided', 'expired');

CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
BEGIN
  SELECT raise(ABORT, 'journal entries are never changed');
END;

CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
BEGIN
  SELECT raise(ABORT, 'journal entries are never removed');
END;

-- Sums of one customer (member_id is empty) or member at a position. A derivation: it changes speed only,
-- and is believed only when the journal row at its position carries its digest as a seal.
CREATE TABLE snapshot (
  customer_id TEXT NOT NULL,
  member_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (customer_id, member_id)
) STRICT;

-- Names and addresses, apart from the journal so that they can be erased.
CREATE TABLE person (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  email TEXT
) STRICT;

-- Secrets of this installation, made once.
CREATE TABLE installation (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;
