-- What a file of schema 2 was made with. Never change it.

-- What the totals were counted under, and the like.
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- Running totals and the last numbers given.
CREATE TABLE total (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;

-- Clients. A row includes the batches up to `batch`; later ones, and clients
-- that have no row yet, are in `log`. `closed_at` is the earliest of its closed channels.
CREATE TABLE client (
    client_id TEXT PRIMARY KEY,
    batch INTEGER NOT NULL,
    newest_transition INTEGER NOT NULL,
    closed_at INTEGER,
    record TEXT NOT NULL
) WITHOUT ROWID;

-- Append only. `previous` is the transition of the same client before this
-- one, so a client's history is a chain and needs no index.
CREATE TABLE transition (
    id INTEGER PRIMARY KEY,
    previous INTEGER NOT NULL,
    client_id TEXT NOT NULL,
    online INTEGER NOT NULL,
    time INTEGER NOT NULL,
    observed_at INTEGER NOT NULL,
    channel_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    message_id TEXT
);

-- Committed events that some rows of `client` do not include yet.
CREATE TABLE log (
    batch INTEGER PRIMARY KEY,
    events BLOB NOT NULL
);

CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    message_id TEXT,
    origin TEXT NOT NULL,
    code TEXT NOT NULL,
    field TEXT,
    message TEXT NOT NULL,
    raw BLOB NOT NULL
);
CREATE INDEX quarantine_message ON quarantine (message_id) WHERE message_id IS NOT NULL;

CREATE TABLE checkpoint (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- Whether a list of connections told the transition, and no event.
ALTER TABLE transition ADD COLUMN synthetic INTEGER NOT NULL DEFAULT 0;
