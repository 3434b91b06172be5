-- What the verdict does not speak of, in words: accounts and regions that were not asked for, log files that were not read. NULL where
-- it is of everything, and where an older version made the run.
ALTER TABLE run ADD COLUMN narrowed TEXT;
