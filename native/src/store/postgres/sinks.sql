-- The last transition that a sink need not deliver any more, and which
-- instance delivers for it until when.
CREATE TABLE sink (
    name text COLLATE "C" PRIMARY KEY,
    place bigint NOT NULL,
    holder text,
    lease timestamptz
) WITH (fillfactor = 20);

-- Transitions that a sink gave up on, and why.
CREATE TABLE dead_letter (
    sink text COLLATE "C" NOT NULL,
    id bigint NOT NULL,
    letter json NOT NULL,
    PRIMARY KEY (sink, id)
);
