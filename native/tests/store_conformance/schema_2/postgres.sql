-- What a schema of version 2 was made with. Never change it.

-- One row: running totals, the last numbers given, and whose turn it is.
CREATE TABLE total (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    rule text NOT NULL DEFAULT '',
    batch bigint NOT NULL DEFAULT 0,
    clients bigint NOT NULL DEFAULT 0,
    online bigint NOT NULL DEFAULT 0,
    live bigint NOT NULL DEFAULT 0,
    closed bigint NOT NULL DEFAULT 0,
    orphan bigint NOT NULL DEFAULT 0,
    superseded bigint NOT NULL DEFAULT 0,
    suspect bigint NOT NULL DEFAULT 0,
    last_transition bigint NOT NULL DEFAULT 0,
    oldest_transition bigint NOT NULL DEFAULT 1,
    partitioned_until bigint NOT NULL DEFAULT 1,
    quarantined bigint NOT NULL DEFAULT 0,
    quarantined_bytes bigint NOT NULL DEFAULT 0,
    last_quarantined bigint NOT NULL DEFAULT 0,
    quarantine_dropped bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 20);
INSERT INTO total DEFAULT VALUES;

-- Every client ever seen. `record` is the rule's own; the other columns are
-- what the rule said of it when it was written.
CREATE TABLE client (
    client_id text COLLATE "C" PRIMARY KEY,
    online boolean NOT NULL,
    since bigint,
    last_transition bigint NOT NULL,
    open_since bigint,
    closed_at bigint,
    batch bigint NOT NULL,
    record json NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX client_online ON client (online, client_id);
CREATE INDEX client_open ON client (open_since) WHERE open_since IS NOT NULL;
CREATE INDEX client_closed ON client (closed_at, client_id) WHERE closed_at IS NOT NULL;

-- Append only, in partitions of a million ids each.
CREATE TABLE transition (
    id bigint PRIMARY KEY,
    client_id text COLLATE "C" NOT NULL,
    online boolean NOT NULL,
    time bigint NOT NULL,
    observed_at bigint NOT NULL,
    channel_id text NOT NULL,
    event_type text NOT NULL,
    message_id text
) PARTITION BY RANGE (id);
CREATE INDEX transition_client ON transition (client_id, id);

CREATE TABLE quarantine (
    id bigint PRIMARY KEY,
    at bigint NOT NULL,
    message_id text,
    origin json NOT NULL,
    code text NOT NULL,
    field text,
    message text NOT NULL,
    raw bytea NOT NULL
);
CREATE INDEX quarantine_message ON quarantine (message_id) WHERE message_id IS NOT NULL;

CREATE TABLE checkpoint (
    key text PRIMARY KEY,
    value text NOT NULL
);

CREATE VIEW online AS
    SELECT client_id, to_timestamp(since / 1000.0) AS since, last_transition
    FROM client WHERE online;
-- Whether a list of connections told the transition, and no event.
ALTER TABLE transition ADD COLUMN synthetic boolean NOT NULL DEFAULT false;
