-- How many runs over a target looked at all that they were to look at. Runs are forgotten; whose turn each part of the history is
-- must not depend on how many are left.
ALTER TABLE target ADD COLUMN rounds INTEGER NOT NULL DEFAULT 0;
UPDATE target SET rounds = (SELECT count(*) FROM run WHERE run.target = target.id AND run.outcome = 'complete');

-- SHA-256 of the uncompressed bytes of a chain's newest proven digest.
ALTER TABLE chain ADD COLUMN newest_sha256 BLOB;

-- The run that proved an object may be forgotten, and the object is not.
DROP VIEW proven_object;
CREATE VIEW proven_object AS
    SELECT target.name AS target, place.bucket, place.folder || object.name AS key, object.etag, object.size,
           strftime('%Y-%m-%dT%H:%M:%SZ', object.last_modified, 'unixepoch') AS last_modified, object.version_id,
           lower(hex(object.sha256)) AS sha256, object.run,
           strftime('%Y-%m-%dT%H:%M:%SZ', run.began, 'unixepoch') AS proven
    FROM object JOIN place ON place.id = object.place JOIN target ON target.id = place.target
    LEFT JOIN run ON run.id = object.run;

-- Whether the sink refused it, so that trying again hardly helps; else the sink itself was out of reach.
ALTER TABLE delivery ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;
CREATE INDEX event_of_finding ON event (finding);
