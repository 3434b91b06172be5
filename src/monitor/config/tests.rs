//! What a configuration comes to, and what is said of each mistake.

use super::*;
use crate::audit::SampleSize;

fn parsed(text: &str) -> Config {
    Config::parse(text, Path::new("/etc/trailseal")).unwrap()
}

/// What is wrong with a text, a line each.
fn wrong(text: &str) -> String {
    Config::parse(text, Path::new("")).unwrap_err().to_string()
}

/// What is wrong with a target that has these lines, from line 4 on.
fn wrong_in_target(lines: &str) -> String {
    wrong(&format!("[[target]]\nname = \"a\"\nsource = \"s3://trail-logs\"\n{lines}"))
}

/// A target that has these lines.
fn target(lines: &str) -> TargetConfig {
    let text = format!("[[target]]\nname = \"a\"\nsource = \"s3://trail-logs\"\n{lines}");
    parsed(&text).targets.remove(0)
}

#[test]
fn the_least_that_can_be_said() {
    let config = parsed("[[target]]\nname = \"a\"\nsource = \"copy\"");
    let [target] = &config.targets[..] else { panic!("one target") };
    assert_eq!(target.source, TargetSource::Directory("/etc/trailseal/copy".into()));
    assert!(!target.live() && target.accounts.is_empty() && target.start.is_none() && target.retention.is_none());
    assert_eq!((target.recheck, target.reread, target.log_files), (Share::All, Share::None, LogFiles::All));
    assert_eq!((target.public_keys.clone(), target.concurrency), (PublicKeys::Default, 256));
    assert_eq!(target.overdue_after.to_string(), "2h");
    assert_eq!((&config.access, &target.access), (&AccessOptions::default(), &AccessOptions::default()));
    assert_eq!((config.state, config.every, config.listen), (None, None, None));
    assert_eq!(config.remind_every, Some(Span::from_seconds(86_400)));
    assert_eq!(config.keep_runs.to_string(), "400d");
    assert!(config.sinks.is_empty());
}

#[test]
fn paths_are_relative_to_the_file_and_nothing_is_expanded() {
    let text = "state = \"a/state\"\nstatus_page = \"/b\"\nmetrics_file = \"$HOME/m\"\n[[target]]\nname = \"a\"\nsource = \"../copy\"\nwaivers = \"w.toml\"\npublic_keys = [\"k.json\", \"/k\", \"aws\"]";
    let config = parsed(text);
    assert_eq!(config.state, Some("/etc/trailseal/a/state".into()));
    assert_eq!(config.status_page, Some("/b".into()));
    assert_eq!(config.metrics_file, Some("/etc/trailseal/$HOME/m".into()));
    let target = &config.targets[0];
    assert_eq!(target.source.path(), Path::new("/etc/trailseal/../copy"));
    assert_eq!(target.waivers, Some("/etc/trailseal/w.toml".into()));
    let keys = ["/etc/trailseal/k.json", "/k", "/etc/trailseal/aws"].map(PathBuf::from).to_vec();
    assert_eq!(target.public_keys, PublicKeys::Files(keys));
    assert!(wrong("state = \"~/state\"").starts_with("line 1: `state` is \"~/state\"; write a path"));
    assert!(wrong("state = \"\"").starts_with("line 1: `state` is \"\"; write a path"));
}

#[test]
fn sources_are_those_of_verify() {
    let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit";
    let source = |text: &str| {
        let text = format!("[[target]]\nname = \"a\"\nsource = \"{text}\"");
        Config::parse(&text, Path::new("")).map(|config| config.targets[0].source.clone())
    };
    assert_eq!(source("s3://trail-logs/a/b"), Ok(TargetSource::Bucket("s3://trail-logs/a/b".to_owned())));
    assert_eq!(source(arn), Ok(TargetSource::Trail(arn.parse().unwrap())));
    assert_eq!(source("copy"), Ok(TargetSource::Directory("copy".into())));
    for bad in ["", "s3://", "s3://no bucket", "https://trail-logs", "arn:aws:s3:::trail-logs"] {
        let expected = format!(
            "line 3: `source` is \"{bad}\"; write s3://BUCKET[/PREFIX], a trail's ARN, or the path of a directory"
        );
        assert_eq!(source(bad).unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_state_is_a_file_or_an_object() {
    let state = |text: &str| {
        let text = format!("state = \"{text}\"\n[[target]]\nname = \"a\"\nsource = \"copy\"");
        Config::parse(&text, Path::new("/etc")).map(|config| (config.state, config.state_object))
    };
    assert_eq!(state("s"), Ok((Some("/etc/s".into()), None)));
    assert_eq!(state("s3://kept/a/s"), Ok((None, Some(ObjectLocation::new("kept", "a/s")))));
    for bad in ["s3://kept", "s3://kept/", "s3:///s", "https://kept/s"] {
        assert!(state(bad).unwrap_err().to_string().ends_with("or for a Lambda function s3://BUCKET/KEY"), "{bad}");
    }
}

#[test]
fn what_retention_has_expired_is_not_asked_for() {
    let now = Time::from_unix(1_000 * Time::DAY);
    let day = |day: i64| Some(Time::from_unix(day * Time::DAY));
    assert_eq!(target("").start_at(now), None);
    assert_eq!(target("retention = \"400d\"").start_at(now), None);
    assert_eq!(target("start = \"1970-01-31\"").start_at(now), day(30));
    assert_eq!(target("start = \"300d\"\nretention = \"400d\"").start_at(now), day(700));
    assert_eq!(target("start = \"1970-01-31\"\nretention = \"400d\"").start_at(now), day(600));
    let expected = "line 4: `start` is 401d back and `retention` is 400d: what is older is expired; write a `start` of 400d at most";
    assert_eq!(wrong_in_target("start = \"401d\"\nretention = \"400d\""), expected);
}

#[test]
fn a_sample_has_a_seed_or_chance() {
    let sample = |seed| LogFiles::Sample { size: SampleSize::PerMillion(50_000), seed };
    let drawn = |lines: &str| (target(lines).log_files, target(lines).seed);
    assert_eq!(drawn("log_files = \"sample:5%\"\nseed = 7"), (sample(7), Some(7)));
    assert_eq!(drawn("log_files = \"sample:5%\""), (sample(0), None));
    let expected =
        "line 4: `seed` draws a sample, and `log_files` is all; write `log_files = \"sample:5%\"`, or leave `seed` out";
    assert_eq!(wrong_in_target("seed = 7"), expected);
}

#[test]
fn shares_are_parts() {
    let part = |parts| NonZeroU32::new(parts).map(Share::OneIn);
    for (text, expected) in [
        ("all", Some(Share::All)),
        ("none", Some(Share::None)),
        ("1/1", Some(Share::All)),
        ("1/30", part(30)),
        ("1/4294967295", part(u32::MAX)),
        ("1/0", None),
        ("0", None),
        ("0/30", None),
        ("2/30", None),
        ("1/+30", None),
        ("1/4294967296", None),
        ("5%", None),
    ] {
        let share = text.parse::<Share>().ok();
        assert_eq!(share, expected, "{text}");
        assert!(share.is_none_or(|share| share.to_string().parse() == Ok(share)), "{text}");
    }
    let expected = "line 4: `reread` is \"1/0\"; write \"all\", \"none\", or a part such as \"1/30\"";
    assert_eq!(wrong_in_target("reread = \"1/0\""), expected);
}

#[test]
fn a_target_says_what_is_different_for_it() {
    let role = "arn:aws:iam::111122223333:role/auditor";
    let text = format!(
        "[access]\nprofile = \"p\"\nfips = true\nassume_role = \"{role}\"\nread_timeout = 60\n[[target]]\nname = \"a\"\nsource = \"s3://trail-logs\"\n[target.access]\nexternal_id = \"x\"\nfips = false\nmax_attempts = 3\n"
    );
    let config = parsed(&text);
    let (all, own) = (&config.access, &config.targets[0].access);
    assert_eq!((all.profile.as_deref(), all.fips, all.attempts), (Some("p"), true, 10));
    assert_eq!((own.profile.as_deref(), own.fips, own.attempts), (Some("p"), false, 3));
    assert_eq!(own.read_timeout.as_secs(), 60);
    let named = |access: &AccessOptions| access.assume_role.clone().unwrap();
    assert_eq!((named(all).external_id, named(own).external_id), (None, Some("x".to_owned())));
    assert_eq!((named(own).arn.as_str(), named(own).session_name.as_str()), (role, "trailseal"));
    let expected =
        "line 4: `external_id` and `role_session_name` are for a role; write `assume_role` too, or leave them out";
    assert_eq!(wrong_in_target("[target.access]\nexternal_id = \"x\""), expected);
}

#[test]
fn all_mistakes_are_told_at_once_from_the_top_down() {
    let text = "\
evry = \"1h\"
max_duration = 50
remind_every = \"always\"
listen = \"localhost:9178\"
keep_runs = \"0d\"
[[target]]
name = \"Organization\"
start = 2025-01-01
accounts = [111122223333, \"1\"]
regions = \"us-east-1\"
log_files = \"some\"
profile = \"p\"
every = \"1h\"
bucket = \"s3://b\"
public_keys = []
concurrency = 0
[[target]]
name = \"a\"
source = \"s3://trail-logs\"
bucket = \"other-logs\"
access.fips = \"yes\"
access.request_payer = \"owner\"
access.zzzzzzzzz = 1
[[target]]
name = \"a\"
source = \"s3://trail-logs\"
[[sink]]
name = \"A\"
[[sink]]
kind = \"file\"
";
    let expected = "\
line 1: `evry` is no key of the top of the file; the nearest is `every`
line 2: `max_duration` is the number 50; write a number and a unit, such as \"30m\", \"36h\" or \"90d\"
line 3: `remind_every` is \"always\"; write a number and a unit, such as \"30m\", \"36h\" or \"90d\", or \"never\"
line 4: `listen` is \"localhost:9178\"; write an IP address and a port, such as \"127.0.0.1:9178\" or \"[::1]:9178\"
line 5: `keep_runs` is \"0d\"; write a number and a unit, such as \"30m\", \"36h\" or \"90d\"
line 6: [[target]] has no `source`; write s3://BUCKET[/PREFIX], a trail's ARN, or the path of a directory
line 7: `name` is \"Organization\"; write 1 to 64 of a to z, 0 to 9 and -, such as \"organization\"
line 8: `start` is a date without quotes; write a date such as \"2026-01-31\", a time such as \"2026-01-31T08:00:00Z\", or a span back from each run such as \"400d\", in quotes
line 9: `accounts` has the number 111122223333 in it; write account ids of twelve digits, in quotes
line 9: `accounts` has \"1\" in it; write account ids of twelve digits, in quotes
line 10: `regions` is \"us-east-1\", and no list; write regions, such as \"us-east-1\"
line 11: `log_files` is \"some\"; write \"all\", \"listing\", \"none\", or a sample such as \"sample:5%\"
line 12: `profile` is no key of [[target]]; move it below [target.access]
line 13: `every` is no key of [[target]]; move it above the first header, such as [[target]]
line 14: `bucket` is \"s3://b\"; write a bucket's name, without s3://
line 15: `public_keys` has no file in it; write \"aws\", or a list of key files
line 16: `concurrency` is the number 0; write a whole number from 1 to 65535
line 21: `fips` is \"yes\"; write true or false, without quotes
line 22: `request_payer` is \"owner\"; write \"requester\"
line 23: `zzzzzzzzz` is no key of [access]; there are profile, endpoint_url, assume_role, external_id, role_session_name, fips, dual_stack, request_payer, expected_bucket_owner, connect_timeout, read_timeout, max_attempts
line 24: another target has the name \"a\" too; give each its own
line 27: the sink `A`: missing field `kind`; see docs/monitor-sinks.md for what a sink takes
line 28: `name` is no name; write 1 to 64 of a to z, 0 to 9 and -, such as \"organization\"
line 29: [[sink]] has no `name`; write 1 to 64 of a to z, 0 to 9 and -, such as \"organization\"
line 29: missing field `name`; see docs/monitor-sinks.md for what a sink takes";
    let told = wrong(text);
    for (told, expected) in told.lines().zip(expected.lines()) {
        assert_eq!(told, expected);
    }
    assert_eq!(told.lines().count(), expected.lines().count(), "{told}");
}

#[test]
fn without_targets_there_is_nothing_to_watch() {
    let expected =
        "line 1: there is no target, and so nothing to watch; write [[target]] with `name` and `source` below it";
    for text in ["", "every = \"1h\"", "target = []"] {
        assert_eq!(wrong(text), expected, "{text}");
    }
    let expected = "line 1: `target` is not written as tables; write [[target]] above each";
    for text in ["target = 1", "target = [1]", "[target]\nname = \"a\""] {
        assert_eq!(wrong(text), expected, "{text}");
    }
    let access = "access = 1\n[[target]]\nname = \"a\"\nsource = \"s3://trail-logs\"";
    assert_eq!(wrong(access), "line 1: `access` is the number 1; write it as a table");
}

#[test]
fn what_is_no_toml_is_told_alone() {
    let told = wrong("evry = 1\na = \n[[target]\nb = 1\nb = 2\n");
    let lines: Vec<&str> = told.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(lines, ["line 2", "line 3"], "{told}");
    assert!(wrong("every = \"1h\"\nevery = \"2h\"").starts_with("line 2: duplicate key"));
}

#[test]
fn names_of_sinks_are_their_own() {
    let sink = |name: &str| format!("[[sink]]\nname = \"{name}\"\nkind = \"command\"\ncommand = [\"page\"]\n");
    let text = format!("[[target]]\nname = \"a\"\nsource = \"s3://trail-logs\"\n{}{}", sink("chat"), sink("chat"));
    assert_eq!(wrong(&text), "line 8: another sink has the name \"chat\" too; give each its own");
}

/// Whatever is given for a configuration, what is said of it is short.
#[test]
fn what_is_told_is_bounded() {
    let long = "x".repeat(CONFIG_BYTES + 1);
    assert_eq!(wrong(&long), "line 1: it is longer than 1048576 bytes; give the file that [[target]] is in");
    let many: String = (0..40_000).map(|n| format!("key{n} = 1\n")).collect();
    let told = wrong(&many);
    assert_eq!(told.lines().count(), 51, "{told}");
    assert!(told.ends_with("more things; set right the others first"), "{told}");
    let value = wrong(&format!("every = \"{}\"", "1".repeat(500_000)));
    assert!(value.len() < 1_000, "{}", value.len());
    let key = wrong(&format!("{} = 1", "k".repeat(500_000)));
    assert!(key.len() < 1_000, "{}", key.len());
    let deep = format!("a = {}", "[".repeat(500_000));
    assert!(wrong(&deep).lines().count() <= 51);
}
