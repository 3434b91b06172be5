//! Who may get in: Block Public Access, public policies and ACLs, and requests without TLS.

use super::super::examination::Unseen;
use super::super::facts::AccessBlock;
use super::super::policy::{Condition, Statement};
use super::{Bucket, Found, Judged, few, seen};

/// One of the four, by its name.
type Way = (&'static str, fn(&AccessBlock) -> bool);

const WAYS: [Way; 4] = [
    ("BlockPublicAcls", |block| block.block_public_acls),
    ("IgnorePublicAcls", |block| block.ignore_public_acls),
    ("BlockPublicPolicy", |block| block.block_public_policy),
    ("RestrictPublicBuckets", |block| block.restrict_public_buckets),
];
const IGNORE_ACLS: Way = WAYS[1];
const RESTRICT: Way = WAYS[3];

/// Keys of conditions that S3 takes for ones that keep a policy from being public, where they have fixed values.
const NARROWING: [&str; 9] = [
    "aws:principalorgid",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
];

impl Bucket<'_> {
    /// What is in force is what the bucket or its account has switched on; what was not seen matters where that is not enough.
    pub(super) fn access_block(&self) -> Found {
        let missing: Vec<String> =
            WAYS.iter().filter(|(_, way)| !self.blocks(*way)).map(|(name, _)| (*name).to_owned()).collect();
        let unseen = self.unseen_blocks();
        match (missing.is_empty(), unseen.is_empty()) {
            (true, _) => Found::Pass(format!("all four are on, {}", self.by_whom())),
            (false, true) => Found::Fail(format!("off: {}", few(&missing))),
            (false, false) => Found::Unknown(unseen),
        }
    }

    pub(super) fn not_public(&self) -> Judged {
        let policy = self.public_by_policy();
        let acl = self.public_by_acl();
        let mut public = Vec::new();
        let mut blocked = Vec::new();
        let mut unseen = Vec::new();
        let mut doubt = None;
        for (found, way) in [(&policy, RESTRICT), (&acl, IGNORE_ACLS)] {
            match found {
                Ok(None) => {}
                Ok(Some(how)) if self.blocks(way.1) => {
                    blocked.push(format!("{how}, which counts for nothing: {} is on", way.0))
                }
                Ok(Some(_)) if !self.unseen_blocks().is_empty() => unseen.extend(self.unseen_blocks()),
                Ok(Some(how)) => public.push(how.clone()),
                // What nobody could see is harmless where it would count for nothing.
                Err(_) if self.blocks(way.1) => {}
                Err(Found::Unknown(more)) => unseen.extend(more.iter().cloned()),
                Err(other) => doubt = Some(other.clone()),
            }
        }
        unseen.sort();
        unseen.dedup();
        match (public.is_empty(), unseen.is_empty(), doubt) {
            (false, ..) => Ok(Found::Fail(few(&public))),
            (true, false, _) => Ok(Found::Unknown(unseen)),
            (true, true, Some(doubt)) => Err(doubt),
            (true, true, None) if blocked.is_empty() => {
                Ok(Found::Pass("neither its policy nor its ACL lets everyone in".to_owned()))
            }
            (true, true, None) => Ok(Found::Pass(few(&blocked))),
        }
    }

    /// How its policy lets everyone in, by S3's own word or by what it says.
    fn public_by_policy(&self) -> Result<Option<String>, Found> {
        if let Ok(Some(true)) = self.bucket.public {
            return Ok(Some("S3 takes its policy for a public one".to_owned()));
        }
        let policy = match (self.policy(), &self.bucket.public) {
            (Ok(policy), _) => policy,
            // What could not be read, S3 has read.
            (Err(Found::Unknown(_)), Ok(_)) => None,
            (Err(why), _) => return Err(why),
        };
        let statements = policy.map(|policy| policy.statements).unwrap_or_default();
        // S3 knows more kinds of conditions; where it has judged them, its word counts.
        let judged = self.bucket.public == Ok(Some(false));
        let narrowed = |statement: &Statement| is_narrowed(statement) || (judged && !statement.conditions.is_empty());
        let open = statements.iter().filter(|statement| statement.allows && statement.is_for_anyone());
        let open: Vec<&Statement> = open.filter(|statement| !narrowed(statement)).collect();
        let told = |statement: &&Statement| format!("{} of its policy lets everyone in", statement.name);
        if let Some(bare) = open.iter().find(|statement| statement.conditions.is_empty()) {
            return Ok(Some(told(bare)));
        }
        // What other conditions come to, S3 alone says.
        match (&self.bucket.public, open.first()) {
            (Err(unseen), Some(_)) => Err(Found::Unknown(vec![unseen.clone()])),
            (_, first) => Ok(first.map(told)),
        }
    }

    fn public_by_acl(&self) -> Result<Option<String>, Found> {
        let is_public = |grant: &&String| ["AllUsers", "AuthenticatedUsers"].iter().any(|group| grant.contains(group));
        let granted: Vec<String> = seen(&self.bucket.grants)?.iter().filter(is_public).cloned().collect();
        Ok((!granted.is_empty()).then(|| format!("its ACL grants {}", few(&granted))))
    }

    /// Whether one of the four is on for certain.
    fn blocks(&self, way: fn(&AccessBlock) -> bool) -> bool {
        let on = |block: &Result<Option<AccessBlock>, Unseen>| matches!(block, Ok(Some(block)) if way(block));
        on(&self.bucket.access_block) || on(&self.bucket.account_access_block)
    }

    fn unseen_blocks(&self) -> Vec<Unseen> {
        let facts = [&self.bucket.access_block, &self.bucket.account_access_block];
        facts.into_iter().filter_map(|fact| fact.as_ref().err().cloned()).collect()
    }

    fn by_whom(&self) -> &'static str {
        let all = |block: &AccessBlock| WAYS.iter().all(|(_, way)| way(block));
        match (&self.bucket.access_block, &self.bucket.account_access_block) {
            (Ok(Some(block)), _) if all(block) => "of the bucket itself",
            (_, Ok(Some(block))) if all(block) => "of the account",
            _ => "some of the bucket and some of the account",
        }
    }

    /// A `Deny` of everything, for everyone, where there is no TLS and for no other reason.
    pub(super) fn tls(&self) -> Judged {
        let Some(policy) = self.policy()? else {
            return Ok(Found::Fail("it has no policy: nothing denies requests without TLS".to_owned()));
        };
        let denied = |resource: &str| policy.statements.iter().any(|statement| denies_plain(statement, resource));
        Ok(match (denied(&self.arn()), denied(&format!("{}/*", self.arn()))) {
            (true, true) => Found::Pass("its policy denies every request without TLS".to_owned()),
            (false, true) => {
                Found::Fail("its policy denies requests without TLS of objects, and not of the bucket".to_owned())
            }
            (true, false) => {
                Found::Fail("its policy denies requests without TLS of the bucket, and not of objects".to_owned())
            }
            (false, false) => Found::Fail("its policy does not deny requests without TLS".to_owned()),
        })
    }

    pub(super) fn ownership(&self) -> Judged {
        let ownership = seen(&self.bucket.ownership)?.as_deref();
        if ownership == Some("BucketOwnerEnforced") {
            return Ok(Found::Pass("BucketOwnerEnforced: ACLs count for nothing".to_owned()));
        }
        let granted = match &self.bucket.grants {
            Ok(grants) if !grants.is_empty() => format!("; its ACL grants {}", few(grants)),
            _ => String::new(),
        };
        let is = ownership.unwrap_or("no ownership controls");
        Ok(Found::Fail(format!("{is}: ACLs count{granted}")))
    }
}

fn denies_plain(statement: &Statement, resource: &str) -> bool {
    let plain = |condition: &Condition| condition.key == "aws:securetransport" && condition.is_bool(false);
    !statement.allows
        && statement.is_for_anyone()
        && statement.actions.cover("s3:*")
        && statement.resources.cover(resource)
        && matches!(&statement.conditions[..], [one] if plain(one))
}

/// Whether a statement for everyone is one for some: a key must have one of these values, and none of them fits all.
fn is_narrowed(statement: &Statement) -> bool {
    statement.conditions.iter().any(|condition| {
        let fixed =
            |value: &String| value.chars().any(|c| c.is_ascii_alphanumeric()) && !value.contains(['*', '?', '$']);
        let pins = condition.pins().is_some_and(|values| !values.is_empty() && values.iter().all(fixed));
        NARROWING.contains(&condition.key.as_str()) && pins
    })
}
