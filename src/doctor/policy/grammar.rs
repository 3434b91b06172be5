//! Policies as they are written.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::condition::Condition;
use super::{Patterns, Policy, Principal, Principals, Statement};

/// Reads a policy; what it holds beside what is known here makes it one that is not understood.
pub(super) fn read(text: &str) -> Result<Policy, String> {
    if text.len() > LONGEST {
        return Err(format!("it has {} bytes, more than any policy that AWS takes", text.len()));
    }
    let written: Written = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let statements = written.statement.into_vec().into_iter().enumerate();
    let statements = statements.map(|(place, statement)| {
        let name = name(&statement, place);
        understood(statement, &name).map_err(|why| format!("{name}: {why}"))
    });
    Ok(Policy { statements: statements.collect::<Result<_, _>>()? })
}

/// S3 and SNS take policies of 20 and 30 KiB, KMS of 32. Stops: patterns whose comparison takes the square of their length.
const LONGEST: usize = 64 << 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Written {
    #[serde(default, rename = "Version")]
    _version: Option<String>,
    #[serde(default, rename = "Id")]
    _id: Option<String>,
    statement: OneOrMany<WrittenStatement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct WrittenStatement {
    sid: Option<String>,
    effect: String,
    principal: Option<WrittenPrincipal>,
    not_principal: Option<WrittenPrincipal>,
    action: Option<OneOrMany<String>>,
    not_action: Option<OneOrMany<String>>,
    resource: Option<OneOrMany<String>>,
    not_resource: Option<OneOrMany<String>>,
    #[serde(default)]
    condition: Pairs<Pairs<OneOrMany<Value>>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenPrincipal {
    Word(String),
    Kinds(Pairs<OneOrMany<String>>),
}

/// A JSON object, in which nothing that stands twice is lost.
struct Pairs<T>(Vec<(String, T)>);

fn name(statement: &WrittenStatement, place: usize) -> String {
    match &statement.sid {
        Some(sid) if !sid.is_empty() => format!("statement {sid}"),
        _ => format!("statement {}", place + 1),
    }
}

fn understood(written: WrittenStatement, name: &str) -> Result<Statement, String> {
    let allows = match written.effect.as_str() {
        "Allow" => true,
        "Deny" => false,
        other => return Err(format!("its effect is {other}")),
    };
    let principals = match (written.principal, written.not_principal) {
        (Some(these), None) => Principals::These(principals(these)?),
        (None, Some(but)) => Principals::AllBut(principals(but)?),
        _ => return Err("it has not one of Principal and NotPrincipal".to_owned()),
    };
    let mut actions = patterns(written.action, written.not_action, "Action")?;
    actions.patterns.iter_mut().for_each(|action| action.make_ascii_lowercase());
    let operators = written.condition.0.into_iter();
    let conditions = operators.flat_map(|(operator, keys)| {
        keys.0.into_iter().map(move |(key, values)| Condition::read(&operator, &key, values.into_vec()))
    });
    Ok(Statement {
        name: name.to_owned(),
        allows,
        principals,
        actions,
        resources: patterns(written.resource, written.not_resource, "Resource")?,
        conditions: conditions.collect(),
    })
}

fn principals(written: WrittenPrincipal) -> Result<Vec<Principal>, String> {
    let kinds = match written {
        WrittenPrincipal::Word(word) if word == "*" => return Ok(vec![Principal::Anyone]),
        WrittenPrincipal::Word(word) => return Err(format!("its principal is {word}")),
        WrittenPrincipal::Kinds(kinds) => kinds.0,
    };
    let mut found = Vec::new();
    for (kind, names) in kinds {
        for name in names.into_vec() {
            found.push(match kind.as_str() {
                "AWS" if name == "*" => Principal::Anyone,
                "AWS" | "Federated" => Principal::Other(name),
                "CanonicalUser" => Principal::Other(format!("canonical user {name}")),
                // S3 takes no wildcard here; all services, which one would mean, are neither everyone nor nobody.
                "Service" if name.contains(['*', '?']) => return Err(format!("its principal is the service {name}")),
                "Service" => Principal::Service(name),
                other => return Err(format!("its principal is of the kind {other}")),
            });
        }
    }
    if found.is_empty() { Err("it names no principal".to_owned()) } else { Ok(found) }
}

fn patterns(these: Option<OneOrMany<String>>, but: Option<OneOrMany<String>>, of: &str) -> Result<Patterns, String> {
    match (these, but) {
        (Some(these), None) => Ok(Patterns { all_but: false, patterns: these.into_vec() }),
        (None, Some(but)) => Ok(Patterns { all_but: true, patterns: but.into_vec() }),
        _ => Err(format!("it has not one of {of} and Not{of}")),
    }
}

impl<T> OneOrMany<T> {
    fn into_vec(self) -> Vec<T> {
        match self {
            OneOrMany::Many(many) => many,
            OneOrMany::One(one) => vec![one],
        }
    }
}

impl<T> Default for Pairs<T> {
    fn default() -> Pairs<T> {
        Pairs(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pairs<T>, D::Error> {
        deserializer.deserialize_map(PairsVisitor(PhantomData))
    }
}

struct PairsVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for PairsVisitor<T> {
    type Value = Pairs<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<T>, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(rest: &str) -> Result<Policy, String> {
        read(&format!("{{\"Version\":\"2012-10-17\",\"Statement\":{{{rest}}}}}"))
    }

    const SAYS: &str = r#""Effect":"Allow","Action":"s3:GetObject","Resource":"*""#;

    #[test]
    fn one_and_many_are_read_and_principals_of_every_kind() {
        let policy = one(&format!(
            r#""Principal":{{"AWS":["*","arn:x"],"Service":"a","Federated":"f","CanonicalUser":"c"}},{SAYS}"#
        ));
        let statement = &policy.unwrap().statements[0];
        let Principals::These(these) = &statement.principals else { panic!("{statement:?}") };
        let told: Vec<String> = these.iter().map(Principal::told).collect();
        assert_eq!(told, ["everyone", "arn:x", "a", "f", "canonical user c"]);
        assert_eq!((statement.name.as_str(), statement.actions.patterns[0].as_str()), ("statement 1", "s3:getobject"));
        let many =
            read(&format!(r#"{{"Statement":[{{"Sid":"A","Principal":"*",{SAYS}}},{{"NotPrincipal":"*",{SAYS}}}]}}"#));
        assert_eq!(many.unwrap().statements[1].principals, Principals::AllBut(vec![Principal::Anyone]));
    }

    #[test]
    fn what_is_not_understood_is_no_policy() {
        assert!(one(&format!(r#""Principal":"*",{SAYS}"#)).is_ok());
        for rest in [
            SAYS.to_owned(),
            format!(r#""Principal":"me",{SAYS}"#),
            format!(r#""Principal":{{"Martian":"x"}},{SAYS}"#),
            format!(r#""Principal":{{"AWS":[]}},{SAYS}"#),
            format!(r#""Principal":{{"Service":"*"}},{SAYS}"#),
            format!(r#""Principal":"*","NotPrincipal":"*",{SAYS}"#),
            format!(r#""Principal":"*",{SAYS},"NotAction":"s3:*""#),
            format!(r#""Principal":"*",{SAYS},"NewThing":1"#),
            format!(r#""Principal":"*",{SAYS},"Resource":"a""#),
            r#""Principal":"*","Effect":"allow","Action":"*","Resource":"*""#.to_owned(),
            r#""Principal":"*","Effect":"Allow","Action":"*""#.to_owned(),
        ] {
            assert!(one(&rest).is_err(), "{rest}");
        }
        for text in ["", "{}", "[]", "null", r#"{"Statement":7}"#] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read(&" ".repeat(LONGEST + 1)).unwrap_err().contains("bytes"));
    }

    #[test]
    fn a_condition_that_stands_twice_counts_twice() {
        let twice = r#""Condition":{"Bool":{"a":"true"},"Bool":{"a":"false"}}"#;
        assert_eq!(one(&format!(r#""Principal":"*",{SAYS},{twice}"#)).unwrap().statements[0].conditions.len(), 2);
    }
}
