//! Whether the policy of a bucket lets CloudTrail deliver.

use super::super::facts::TrailFacts;
use super::super::policy::{Decision, Known, Policy, Request, Statement};
use super::key::{CLOUDTRAIL, context};
use super::{Bucket, Found, Judged, few, seen};

/// Something that CloudTrail must be let do for a trail.
struct Need {
    action: &'static str,
    resource: String,
    told: String,
    /// Whether it is needed for certain.
    certain: bool,
    /// CloudTrail sends it with what it writes, and with nothing else.
    acl: Known,
}

impl Bucket<'_> {
    pub(super) fn policy_delivery(&self) -> Judged {
        if self.trails.is_empty() {
            return Ok(Found::NotApplicable("no trail that was looked at delivers to it".to_owned()));
        }
        let Some(policy) = self.policy()? else {
            return Ok(Found::Fail(format!("it has no policy: nothing lets {CLOUDTRAIL} in")));
        };
        let (mut refused, mut unsure) = (Vec::new(), Vec::new());
        for trail in self.trails {
            for need in self.needs(trail, &policy) {
                match need.decided(trail, &policy) {
                    Decision::Allowed => {}
                    Decision::Refused(why) if !need.certain => {
                        unsure.push(format!("{} for {}: {why}; {}", need.told, trail.name, need.perhaps()));
                    }
                    Decision::Refused(why) => refused.push(format!("{} for {}: {why}", need.told, trail.name)),
                    Decision::Unsure(why) => unsure.push(format!("{} for {}: {why}", need.told, trail.name)),
                }
            }
        }
        let may = format!("{CLOUDTRAIL} may deliver for {}", self.trail_names());
        let (ids, known) = (self.organizations(&policy), self.setup.organization_id.is_some());
        Ok(match (refused.is_empty(), unsure.is_empty()) {
            (true, true) if ids.is_empty() => Found::Pass(may),
            (true, true) if known => Found::Pass(format!("{may}, in the organization {}", few(&ids))),
            (true, true) => Found::Undecided(format!(
                "{may} if the organization is {}: nobody told which it is (organizations:DescribeOrganization)",
                few(&ids)
            )),
            (false, _) => Found::Fail(format!("{CLOUDTRAIL} may not {}", few(&refused))),
            (true, false) => Found::Undecided(format!("nobody can tell whether {CLOUDTRAIL} may {}", few(&unsure))),
        })
    }

    /// The policy, if there is one; one that is not understood is an `Err`.
    pub(super) fn policy(&self) -> Result<Option<Policy>, Found> {
        let Some(text) = seen(&self.bucket.policy)? else {
            return Ok(None);
        };
        let not_understood = |why| Found::Undecided(format!("the bucket policy is not understood: {why}"));
        Policy::read(text).map(Some).map_err(not_understood)
    }

    /// The organizations below whose folders the trails deliver.
    fn organizations(&self, policy: &Policy) -> Vec<String> {
        let trails = self.trails.iter().filter(|trail| trail.organization);
        trails.filter_map(|trail| self.organization(trail, policy)).map(str::to_owned).collect()
    }

    fn trail_names(&self) -> String {
        few(&self.trails.iter().map(|trail| trail.name.clone()).collect::<Vec<_>>())
    }

    /// The folders apart, for a policy may let CloudTrail write log files and no digest files.
    fn needs(&self, trail: &TrailFacts, policy: &Policy) -> Vec<Need> {
        let bucket = self.arn();
        let logs = format!("{bucket}/{}AWSLogs/", trail.prefix);
        let mut folders = vec!["CloudTrail"];
        folders.extend(trail.validation.then_some("CloudTrail-Digest"));
        // Where nobody told, it may write there too.
        folders.extend(trail.insights.as_ref().map_or(true, |kinds| !kinds.is_empty()).then_some(INSIGHTS));
        let mut owners = vec![trail.account_id.clone()];
        if trail.organization {
            owners.push(format!("{}/*", self.organization(trail, policy).unwrap_or("o-*")));
        }
        let each = owners.iter().flat_map(|owner| folders.iter().map(move |folder| (owner, folder)));
        let written = each.map(|(owner, folder)| Need {
            action: "s3:putobject",
            resource: format!("{logs}{owner}/{folder}/*"),
            told: format!("put objects below {}AWSLogs/{owner}/{folder}/", trail.prefix),
            // The guide has it in its policy for organizations, but their trails deliver below the organization's id.
            certain: (!trail.organization || *owner != trail.account_id)
                && (*folder != INSIGHTS || trail.insights.is_ok()),
            acl: Known::OneOf(vec!["bucket-owner-full-control".to_owned()]),
        });
        let acl = Need {
            action: "s3:getbucketacl",
            resource: bucket.clone(),
            told: "get the bucket's ACL".to_owned(),
            certain: true,
            acl: Known::Absent,
        };
        std::iter::once(acl).chain(written).collect()
    }

    /// The organization of the account; where nobody told which that is, the one that the policy names.
    pub(super) fn organization<'p>(&'p self, trail: &TrailFacts, policy: &'p Policy) -> Option<&'p str> {
        if let Some(id) = &self.setup.organization_id {
            return Some(id);
        }
        let logs = format!("{}/{}AWSLogs/", self.arn(), trail.prefix);
        let allows = policy.statements.iter().filter(|statement| statement.allows);
        allows.flat_map(|statement| &statement.resources.patterns).find_map(|own| organization_in(own, &logs))
    }
}

impl Need {
    /// Why it is not needed for certain.
    fn perhaps(&self) -> &'static str {
        match self.resource.ends_with(&format!("/{INSIGHTS}/*")) {
            true => "whether it records insights could not be seen",
            false => "AWS asks for it where a trail is to be changed into one of its account alone",
        }
    }

    fn decided(&self, trail: &TrailFacts, policy: &Policy) -> Decision {
        let mut context = context(trail);
        context.push(("s3:x-amz-acl", self.acl.clone()));
        policy.decides(CLOUDTRAIL, &Request { action: self.action, resource: &self.resource, context: &context })
    }
}

/// The id of an organization that stands right below a folder.
fn organization_in<'a>(resource: &'a str, folder: &str) -> Option<&'a str> {
    let id = resource.strip_prefix(folder)?.split('/').next()?;
    let is_id = |id: &str| !id.is_empty() && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    id.strip_prefix("o-").is_some_and(is_id).then_some(id)
}

/// Whether CloudTrail may write into a bucket by a statement, for certain or perhaps.
pub(super) fn lets_cloudtrail_write(statement: &Statement, bucket: &str) -> bool {
    let for_it = statement.is_for(CLOUDTRAIL) != super::super::policy::Tri::No;
    statement.allows
        && for_it
        && statement.actions.meet("s3:putobject")
        && statement.resources.meet(&format!("{bucket}/*"))
}

/// Where insights go.
const INSIGHTS: &str = "CloudTrail-Insight";
