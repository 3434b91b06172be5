-- What trailseal has proven, and what it told of. Times are seconds since 1970, UTC; docs/monitor.md explains every table.

-- What the configuration calls a target.
CREATE TABLE target (
    id     INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE,
    -- Where its evidence lies. Another source under the same name is another history, and is refused.
    source TEXT NOT NULL
) STRICT;

-- Each time that a target was looked at. One without an end was cut off: what it had proven by then is kept.
CREATE TABLE run (
    id            INTEGER PRIMARY KEY,
    target        INTEGER NOT NULL REFERENCES target,
    version       TEXT NOT NULL,
    began         INTEGER NOT NULL,
    ended         INTEGER,
    -- complete, partial (it was stopped, or ran out of time) or failed; NULL while it is under way or was cut off.
    outcome       TEXT,
    -- Why it failed.
    error         TEXT,
    -- intact, not-intact or inconclusive, of all that was looked at and all that is still open.
    verdict       TEXT,
    -- The time looked at.
    period_start  INTEGER,
    period_end    INTEGER,
    -- Which share of the history was listed again, and which was read again: part of parts.
    recheck       TEXT,
    reread        TEXT,
    digests       INTEGER NOT NULL DEFAULT 0,
    digests_read  INTEGER NOT NULL DEFAULT 0,
    logs          INTEGER NOT NULL DEFAULT 0,
    logs_read     INTEGER NOT NULL DEFAULT 0,
    bytes_hashed  INTEGER NOT NULL DEFAULT 0,
    opened        INTEGER NOT NULL DEFAULT 0,
    resolved      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX run_of_target ON run (target, id);

-- One account, source region, trail and kind, with its newest proven digest.
CREATE TABLE chain (
    id           INTEGER PRIMARY KEY,
    target       INTEGER NOT NULL REFERENCES target,
    account_id   TEXT NOT NULL,
    region       TEXT NOT NULL,
    trail        TEXT NOT NULL,
    home_region  TEXT NOT NULL,
    kind         TEXT NOT NULL,
    -- Its newest proven digest. A later run must find it again, unchanged: else history was rewritten.
    newest_key       TEXT,
    newest_signature TEXT,
    newest_end       INTEGER,
    -- The end of the newest time proven.
    proven_until INTEGER,
    UNIQUE (target, account_id, region, trail, home_region, kind)
) STRICT;

-- What each chain's time came to: proven, or a hole and why.
CREATE TABLE coverage (
    chain  INTEGER NOT NULL REFERENCES chain,
    start  INTEGER NOT NULL,
    "end"  INTEGER NOT NULL,
    -- NULL where it is proven.
    reason TEXT,
    PRIMARY KEY (chain, start)
) STRICT, WITHOUT ROWID;

-- A folder of digest files or of log files, above the folders of days.
CREATE TABLE place (
    id     INTEGER PRIMARY KEY,
    target INTEGER NOT NULL REFERENCES target,
    bucket TEXT NOT NULL,
    folder TEXT NOT NULL,
    UNIQUE (target, bucket, folder)
) STRICT;

-- Every object that was proven, as the store described it when its bytes were read.
CREATE TABLE object (
    place         INTEGER NOT NULL REFERENCES place,
    -- The rest of its key.
    name          TEXT NOT NULL,
    etag          TEXT NOT NULL,
    size          INTEGER NOT NULL,
    last_modified INTEGER NOT NULL,
    version_id    TEXT,
    -- SHA-256 of its uncompressed bytes.
    sha256        BLOB NOT NULL,
    -- The run that read it.
    run           INTEGER NOT NULL,
    PRIMARY KEY (place, name)
) STRICT, WITHOUT ROWID;

-- The digest files among them, whole: they are verified again in every run, from here as long as the bucket's are unchanged.
CREATE TABLE digest (
    place      INTEGER NOT NULL REFERENCES place,
    name       TEXT NOT NULL,
    -- As stored.
    body       BLOB NOT NULL,
    signature  TEXT,
    algorithm  TEXT,
    -- When a backfill digest was generated.
    generated  INTEGER,
    -- SHA-256 over all of the above: what was damaged on this disk is read from the bucket.
    seal       BLOB NOT NULL,
    PRIMARY KEY (place, name)
) STRICT;

-- Every finding, open and resolved.
CREATE TABLE finding (
    id       TEXT PRIMARY KEY,
    target   INTEGER NOT NULL REFERENCES target,
    -- The same for the same trouble, from run to run.
    identity TEXT NOT NULL,
    code     TEXT NOT NULL,
    severity TEXT NOT NULL,
    opened   INTEGER NOT NULL,
    -- When a run last saw it.
    seen     INTEGER NOT NULL,
    resolved INTEGER,
    -- When someone was last told that it is open; NULL where nobody was to be: it is accepted.
    told     INTEGER,
    waived   INTEGER NOT NULL,
    -- The finding, as a report has it.
    json     TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX open_finding ON finding (target, identity) WHERE resolved IS NULL;

-- What is to be told, and was.
CREATE TABLE event (
    id      TEXT PRIMARY KEY,
    finding TEXT NOT NULL REFERENCES finding,
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    json    TEXT NOT NULL
) STRICT;

-- To whom. A row is made with its event, and marked once it was taken: what was cut off between is told again.
CREATE TABLE delivery (
    event     TEXT NOT NULL REFERENCES event,
    sink      TEXT NOT NULL,
    attempts  INTEGER NOT NULL DEFAULT 0,
    next      INTEGER NOT NULL,
    delivered INTEGER,
    error     TEXT,
    PRIMARY KEY (event, sink)
) STRICT, WITHOUT ROWID;
CREATE INDEX undelivered ON delivery (next) WHERE delivered IS NULL;

-- For whoever asks with sqlite3.
CREATE VIEW proven_object AS
    SELECT target.name AS target, place.bucket, place.folder || object.name AS key, object.etag, object.size,
           strftime('%Y-%m-%dT%H:%M:%SZ', object.last_modified, 'unixepoch') AS last_modified, object.version_id,
           lower(hex(object.sha256)) AS sha256, object.run,
           strftime('%Y-%m-%dT%H:%M:%SZ', run.began, 'unixepoch') AS proven
    FROM object JOIN place ON place.id = object.place JOIN target ON target.id = place.target JOIN run ON run.id = object.run;
CREATE VIEW open_finding_of_target AS
    SELECT target.name AS target, finding.id, finding.code, finding.severity, finding.waived,
           strftime('%Y-%m-%dT%H:%M:%SZ', finding.opened, 'unixepoch') AS opened,
           json_extract(finding.json, '$.subject.bucket') AS bucket, json_extract(finding.json, '$.subject.key') AS key,
           json_extract(finding.json, '$.message') AS message
    FROM finding JOIN target ON target.id = finding.target WHERE finding.resolved IS NULL;
CREATE VIEW proven_until AS
    SELECT target.name AS target, account_id, region, trail, kind,
           strftime('%Y-%m-%dT%H:%M:%SZ', proven_until, 'unixepoch') AS proven_until
    FROM chain JOIN target ON target.id = chain.target;
