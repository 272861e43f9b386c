-- Where the message of a transition's event lies.
ALTER TABLE transition ADD COLUMN topic text;
ALTER TABLE transition ADD COLUMN queue bigint;
ALTER TABLE transition ADD COLUMN queue_offset bigint;
