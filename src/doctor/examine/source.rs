//! For whose trails CloudTrail may write: `aws:SourceArn` in the statements that let it.

use super::super::policy::Statement;
use super::delivery::lets_cloudtrail_write;
use super::key::CLOUDTRAIL;
use super::{Bucket, Found, Judged, few};

/// What keeps a statement to some trails, from the best to the worst.
enum Kept {
    /// To trails of these accounts, by the pattern.
    ToTrails(Vec<String>),
    /// To trails of accounts that may be anyone's.
    ToOthers(Vec<String>),
    /// To accounts, whatever their trails.
    ToAccounts(Vec<String>),
    /// To nothing, and why.
    Not(String),
}

impl Bucket<'_> {
    /// `aws:SourceAccount` keeps others out as well, but AWS's guide, and whoever checks by it, asks for `aws:SourceArn`.
    pub(super) fn policy_source(&self) -> Judged {
        let Some(policy) = self.policy()? else {
            return Ok(Found::NotApplicable("it has no policy; see bucket-policy-delivery".to_owned()));
        };
        let arn = self.arn();
        let (mut trails, mut open, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for statement in policy.statements.iter().filter(|statement| lets_cloudtrail_write(statement, &arn)) {
            match self.kept(statement) {
                Kept::ToTrails(named) => trails.extend(named),
                Kept::ToOthers(named) => others.push(format!("{} lets {} in, too", statement.name, few(&named))),
                Kept::ToAccounts(accounts) => open.push(format!(
                    "{} names the account {} by aws:SourceAccount, and no trail by aws:SourceArn",
                    statement.name,
                    few(&accounts)
                )),
                Kept::Not(why) => open.push(format!("{} {why}", statement.name)),
            }
        }
        Ok(match (open.is_empty(), others.is_empty(), trails.is_empty()) {
            (false, ..) => Found::Fail(few(&open)),
            (true, false, _) => Found::Undecided(format!("{}; whose that is, is not known", few(&others))),
            (true, true, false) => Found::Pass(format!("{CLOUDTRAIL} may write for {} alone", few(&trails))),
            (true, true, true) => {
                Found::NotApplicable(format!("no statement lets {CLOUDTRAIL} write; see bucket-policy-delivery"))
            }
        })
    }

    fn kept(&self, statement: &Statement) -> Kept {
        let pinned = |key: &str| {
            let of_key = statement.conditions.iter().filter(move |condition| condition.key == key);
            of_key.filter_map(|condition| condition.pins()).find(|values| !values.is_empty())
        };
        let Some(arns) = pinned("aws:sourcearn") else {
            return match pinned("aws:sourceaccount") {
                Some(accounts) if accounts.iter().all(|account| self.is_own(account)) => {
                    Kept::ToAccounts(accounts.to_vec())
                }
                Some(accounts) => Kept::Not(format!("has aws:SourceAccount {}, and no aws:SourceArn", few(accounts))),
                None => Kept::Not("has no aws:SourceArn that it must fit".to_owned()),
            };
        };
        let mut others = Vec::new();
        for arn in arns {
            match account_of(arn) {
                Some(account) if self.is_own(account) => {}
                Some(_) => others.push(arn.clone()),
                None => return Kept::Not(format!("has aws:SourceArn {arn}, which names no account's trails")),
            }
        }
        if others.is_empty() { Kept::ToTrails(arns.to_vec()) } else { Kept::ToOthers(others) }
    }

    /// The account that was asked, and those whose trails deliver here.
    fn is_own(&self, account: &str) -> bool {
        account == self.setup.account_id || self.trails.iter().any(|trail| trail.account_id == account)
    }
}

/// The account whose trails a pattern of ARNs stands for; none where these may be of several, or are no trails.
fn account_of(pattern: &str) -> Option<&str> {
    let parts: Vec<&str> = pattern.split(':').collect();
    let [_, _, "cloudtrail", _, account, trail] = parts[..] else {
        return None;
    };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    (is_account && trail.starts_with("trail/") && !pattern.contains("${")).then_some(account)
}
