//! Whether what is in a bucket stays there: versioning, MFA delete, Object Lock, copies, and how it is encrypted.

use super::super::examination::Unseen;
use super::super::facts::{Encryption, LifecycleRule, LockRetention, Replica, TrailFacts};
use super::arriving::Arriving;
use super::{Bucket, Found, Judged, few, seen};

impl Bucket<'_> {
    pub(super) fn versioning(&self) -> Judged {
        if !seen(&self.bucket.versioning)?.enabled {
            return Ok(Found::Fail("versioning is off: what is overwritten or deleted is gone".to_owned()));
        }
        // What is locked, no rule deletes.
        let locked = self.lock_for_long();
        if let Ok(Some(_)) = locked {
            return Ok(Found::Pass("versioning is on".to_owned()));
        }
        let days = self.setup.retention_days;
        let early = |rule: &&&LifecycleRule| rule.old_versions_after.is_some_and(|after| after < days);
        let (narrowed, early): (Vec<_>, Vec<_>) =
            self.rules()?.iter().filter(early).copied().partition(|rule| rule.narrowed);
        let told = |rules: &[&LifecycleRule]| few(&rules.iter().map(|rule| rule.id.clone()).collect::<Vec<_>>());
        let deletes = format!("deletes what was overwritten or deleted before it is {days} days old");
        Ok(match (early.is_empty(), narrowed.is_empty()) {
            (false, _) if locked.is_err() => Found::Unknown(locked.err().into_iter().collect()),
            (false, _) => Found::Fail(format!("versioning is on, and rule {} {deletes}", told(&early))),
            (true, false) => Found::Undecided(format!(
                "versioning is on, and rule {} {deletes}, of objects with some tags or sizes",
                told(&narrowed)
            )),
            (true, true) => Found::Pass("versioning is on".to_owned()),
        })
    }

    /// Either will do; what was not seen matters where the other does not.
    pub(super) fn mfa_delete(&self) -> Found {
        let versioning = &self.bucket.versioning;
        if versioning.as_ref().is_ok_and(|versioning| versioning.enabled && versioning.mfa_delete) {
            return Found::Pass("MFA delete is on".to_owned());
        }
        match (self.lock_for_long(), versioning) {
            (Ok(Some(lock)), _) => Found::Pass(format!("Object Lock forbids it: {}", told(&lock))),
            (Ok(None), Ok(_)) => Found::Fail(
                "MFA delete is off, and no Object Lock in compliance mode keeps versions long enough".to_owned(),
            ),
            (lock, versioning) => Found::Unknown(unseen([lock.err(), versioning.as_ref().err().cloned()])),
        }
    }

    /// In governance mode, whoever has `s3:BypassGovernanceRetention` deletes all the same.
    pub(super) fn object_lock(&self) -> Judged {
        let wanted = self.setup.retention_days;
        Ok(match seen(&self.bucket.object_lock)? {
            None => Found::Fail("it has no Object Lock".to_owned()),
            Some(None) => Found::Fail(
                "Object Lock is on, without a default retention: CloudTrail's files are not locked".to_owned(),
            ),
            Some(Some(lock)) if lock.mode != COMPLIANCE => {
                Found::Fail(format!("{}: whoever has s3:BypassGovernanceRetention can delete all the same", told(lock)))
            }
            Some(Some(lock)) if lock.days < wanted => Found::Fail(format!("{}, and not for {wanted}", told(lock))),
            Some(Some(lock)) => Found::Pass(format!("{}; {wanted} are asked for", told(lock))),
        })
    }

    pub(super) fn replication(&self) -> Found {
        let copies = |replicas: &Vec<Replica>| -> Copies {
            let others = replicas.iter().filter(|replica| replica.bucket != self.bucket.name);
            let (whole, part) = others.partition::<Vec<&Replica>, _>(|replica| self.copies_all(replica));
            let part = part.into_iter().filter(|replica| self.copies_some(replica));
            Copies { whole: whole.into_iter().map(to).collect(), part: part.map(to).collect() }
        };
        let replicas = self.bucket.replicas.as_ref().map(copies);
        match (replicas, self.lock_for_long()) {
            (Ok(Copies { whole, .. }), _) if !whole.is_empty() => {
                Found::Pass(format!("it is copied to {}", few(&whole)))
            }
            (_, Ok(Some(lock))) => Found::Pass(format!("Object Lock keeps what is in it: {}", told(&lock))),
            (Ok(Copies { part, .. }), Ok(None)) if !part.is_empty() => Found::Undecided(format!(
                "nobody can tell whether all files of the trails are copied; it is copied to {}",
                few(&part)
            )),
            (Ok(_), Ok(None)) => Found::Fail(
                "it is copied nowhere, and no Object Lock in compliance mode keeps it long enough".to_owned(),
            ),
            (replicas, lock) => Found::Unknown(unseen([replicas.err().cloned(), lock.err()])),
        }
    }

    /// Whether a rule copies all that the trails deliver.
    fn copies_all(&self, replica: &Replica) -> bool {
        let mut folders = self.trails.iter().map(|trail| format!("{}AWSLogs/", trail.prefix));
        let all =
            replica.prefix.is_empty() || !self.trails.is_empty() && folders.all(|f| f.starts_with(&replica.prefix));
        all && !replica.narrowed
    }

    /// Whether a rule copies something of it.
    fn copies_some(&self, Replica { prefix, .. }: &Replica) -> bool {
        let mut folders = self.trails.iter().map(|trail| format!("{}AWSLogs/", trail.prefix));
        self.trails.is_empty() || folders.any(|folder| folder.starts_with(prefix) || prefix.starts_with(&folder))
    }

    /// Object Lock, where it keeps versions from everyone, and for as long as is asked for.
    fn lock_for_long(&self) -> Result<Option<LockRetention>, Unseen> {
        let lock = self.bucket.object_lock.as_ref().map_err(Unseen::clone)?;
        let long = |lock: &&LockRetention| lock.mode == COMPLIANCE && lock.days >= self.setup.retention_days;
        Ok(lock.as_ref().and_then(Option::as_ref).filter(long).cloned())
    }

    /// CloudTrail has digest files encrypted with keys of S3. Whether a default of a KMS key stands against that is shown by
    /// digest files that arrive, and by nothing else that is seen.
    pub(super) fn encryption(&self) -> Judged {
        let Some(Encryption { algorithm, key }) = seen(&self.bucket.encryption)? else {
            return Ok(Found::Fail("it has no default encryption".to_owned()));
        };
        if algorithm == "AES256" {
            return Ok(Found::Pass("the default is AES256, with keys of S3".to_owned()));
        }
        let with = key.as_ref().map_or_else(|| "the key that AWS keeps for S3".to_owned(), Clone::clone);
        let default = format!("the default is {algorithm} with {with}");
        if !["aws:kms", "aws:kms:dsse"].contains(&algorithm.as_str()) {
            return Ok(Found::Undecided(format!("{default}, which is not known here")));
        }
        let validated: Vec<&&TrailFacts> = self.trails.iter().filter(|trail| trail.validation).collect();
        for trail in &validated {
            let status = seen(&trail.status)?;
            if let Some(error) = &status.digest_error {
                return Ok(Found::Fail(format!(
                    "{default}, and digest files of {} do not arrive: {error}",
                    trail.name
                )));
            }
            if !Arriving::new(self.setup, trail).digests_come(status) {
                return Ok(Found::Undecided(format!(
                    "{default}; whether digest files can be written is not shown: none of {} arrived lately",
                    trail.name
                )));
            }
        }
        Ok(match validated.is_empty() {
            true => {
                Found::Undecided(format!("{default}; no trail writes digest files that would show whether they can be"))
            }
            false => Found::Pass(format!("{default}, and digest files arrive")),
        })
    }
}

/// Where a bucket is copied to.
struct Copies {
    whole: Vec<String>,
    /// Of some prefix or with some tags alone.
    part: Vec<String>,
}

/// Where a rule copies to, and what.
fn to(Replica { bucket, prefix, narrowed }: &Replica) -> String {
    let below = if prefix.is_empty() { String::new() } else { format!(", what begins with {prefix}") };
    format!("{bucket}{below}{}", if *narrowed { ", what has some tags" } else { "" })
}

const COMPLIANCE: &str = "COMPLIANCE";

fn told(lock: &LockRetention) -> String {
    format!("{} mode, {} days", lock.mode, lock.days)
}

fn unseen<const N: usize>(facts: [Option<Unseen>; N]) -> Vec<Unseen> {
    facts.into_iter().flatten().collect()
}
