-- Whether a list of connections told the transition, and no event.
ALTER TABLE transition ADD COLUMN synthetic boolean NOT NULL DEFAULT false;
