//! Conditions of statements, and whether they hold for a request of which not all is known.

use serde_json::Value;

use super::wild::fits;

/// Whether something is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::doctor) enum Tri {
    Yes,
    No,
    Unknown,
}

/// What a service asks for.
pub(in crate::doctor) struct Request<'a> {
    /// In small letters.
    pub(in crate::doctor) action: &'a str,
    /// One resource, or a pattern of all that are written.
    pub(in crate::doctor) resource: &'a str,
    /// What is known of it, by condition keys in small letters; of every other key, nothing is.
    pub(in crate::doctor) context: &'a [(&'static str, Known)],
}

/// What is known of a condition key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::doctor) enum Known {
    /// The request does not carry it.
    Absent,
    /// It has one of these values.
    OneOf(Vec<String>),
}

/// One key under one operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::doctor) struct Condition {
    /// In small letters.
    pub(in crate::doctor) key: String,
    operator: Operator,
    /// None where they are no texts, numbers or truth values.
    values: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Operator {
    /// In small letters, without what stands around it.
    word: String,
    if_exists: bool,
    /// `ForAllValues:`, which holds where there is no value.
    for_all: bool,
    /// `ForAnyValue:`, which does not.
    for_any: bool,
}

impl Tri {
    pub(in crate::doctor) fn and(self, other: Tri) -> Tri {
        match (self, other) {
            (Tri::No, _) | (_, Tri::No) => Tri::No,
            (Tri::Yes, Tri::Yes) => Tri::Yes,
            _ => Tri::Unknown,
        }
    }

    fn or(self, other: Tri) -> Tri {
        self.not().and(other.not()).not()
    }

    fn not(self) -> Tri {
        match self {
            Tri::Yes => Tri::No,
            Tri::No => Tri::Yes,
            Tri::Unknown => Tri::Unknown,
        }
    }

    fn of(so: bool) -> Tri {
        if so { Tri::Yes } else { Tri::No }
    }
}

impl Condition {
    pub(super) fn read(operator: &str, key: &str, values: Vec<Value>) -> Condition {
        let word = operator.to_ascii_lowercase();
        let (for_all, word) = stripped(&word, |word| word.strip_prefix("forallvalues:"));
        let (for_any, word) = stripped(word, |word| word.strip_prefix("foranyvalue:"));
        let (if_exists, word) = stripped(word, |word| word.strip_suffix("ifexists"));
        let text = |value| match value {
            Value::String(text) => Some(text),
            Value::Bool(so) => Some(so.to_string()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        Condition {
            key: key.to_ascii_lowercase(),
            operator: Operator { word: word.to_owned(), if_exists, for_all, for_any },
            values: values.into_iter().map(text).collect(),
        }
    }

    /// The values, or patterns, of which the key must have one, where it must have one for certain.
    pub(in crate::doctor) fn pins(&self) -> Option<&[String]> {
        let Operator { word, if_exists, for_all, .. } = &self.operator;
        let pins = ["stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"];
        let pins = pins.contains(&word.as_str()) && !if_exists && !for_all;
        self.values.as_deref().filter(|_| pins)
    }

    /// Whether it holds where the key has just this truth value, and in no other case.
    pub(in crate::doctor) fn is_bool(&self, truth: bool) -> bool {
        let same = |value: &String| value.eq_ignore_ascii_case(if truth { "true" } else { "false" });
        let Operator { word, for_all, .. } = &self.operator;
        let all = self.values.as_ref().is_some_and(|values| !values.is_empty() && values.iter().all(same));
        word == "bool" && !for_all && all
    }

    /// Whether it holds for a request.
    pub(super) fn holds(&self, request: &Request<'_>) -> Tri {
        let known = request.context.iter().find(|(key, _)| *key == self.key);
        let (Some((_, known)), Some(values)) = (known, &self.values) else {
            return Tri::Unknown;
        };
        match known {
            Known::Absent => self.operator.holds(None, values),
            Known::OneOf(texts) => {
                let mut each = texts.iter().map(|text| self.operator.holds(Some(text), values));
                let first = each.next().unwrap_or(Tri::Unknown);
                if each.all(|other| other == first) { first } else { Tri::Unknown }
            }
        }
    }
}

impl Operator {
    fn holds(&self, text: Option<&str>, values: &[String]) -> Tri {
        if self.word == "null" {
            let says = |value: &String| match value.to_ascii_lowercase().as_str() {
                "true" => Tri::of(text.is_none()),
                "false" => Tri::of(text.is_some()),
                _ => Tri::Unknown,
            };
            return values.iter().map(says).fold(Tri::No, Tri::or);
        }
        let (word, negated) = match self.word.split_once("not") {
            Some((before, after)) => (format!("{before}{after}"), true),
            None => (self.word.clone(), false),
        };
        let Some(text) = text else {
            return match compared(&word) {
                None => Tri::Unknown,
                Some(_) => Tri::of(self.if_exists || self.for_all || (negated && !self.for_any)),
            };
        };
        let Some(compares) = compared(&word) else { return Tri::Unknown };
        let one = |value: &String| if value.contains("${") { Tri::Unknown } else { compares(value, text) };
        let hit = values.iter().map(one).fold(Tri::No, Tri::or);
        if negated { hit.not() } else { hit }
    }
}

fn stripped<'a>(word: &'a str, strip: impl Fn(&'a str) -> Option<&'a str>) -> (bool, &'a str) {
    strip(word).map_or((false, word), |rest| (true, rest))
}

/// How a value of a condition is compared with what a request has; none where that is not known here.
fn compared(word: &str) -> Option<fn(&str, &str) -> Tri> {
    Some(match word {
        "stringequals" => |value, text| Tri::of(value == text),
        "stringequalsignorecase" | "bool" => |value, text| Tri::of(value.eq_ignore_ascii_case(text)),
        "stringlike" => |value, text| Tri::of(fits(value, text)),
        "arnequals" | "arnlike" => arn_fits,
        "numericequals" => |value, text| number(value, text, |value, text| text == value),
        "numericlessthan" => |value, text| number(value, text, |value, text| text < value),
        "numericlessthanequals" => |value, text| number(value, text, |value, text| text <= value),
        "numericgreaterthan" => |value, text| number(value, text, |value, text| text > value),
        "numericgreaterthanequals" => |value, text| number(value, text, |value, text| text >= value),
        _ => return None,
    })
}

/// Each of the six parts of an ARN has its own wildcards.
fn arn_fits(pattern: &str, arn: &str) -> Tri {
    let (patterns, parts): (Vec<&str>, Vec<&str>) = (pattern.splitn(6, ':').collect(), arn.splitn(6, ':').collect());
    if patterns.len() != 6 || parts.len() != 6 {
        return Tri::Unknown;
    }
    Tri::of(patterns.iter().zip(parts).all(|(pattern, part)| fits(pattern, part)))
}

fn number(value: &str, text: &str, so: fn(f64, f64) -> bool) -> Tri {
    match (value.parse(), text.parse()) {
        (Ok(value), Ok(text)) => Tri::of(so(value, text)),
        _ => Tri::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/t";

    fn holds(operator: &str, key: &str, values: &[&str]) -> Tri {
        let context = [
            ("aws:sourcearn", Known::OneOf(vec![ARN.to_owned()])),
            ("aws:securetransport", Known::OneOf(vec!["true".to_owned()])),
            ("s3:tlsversion", Known::OneOf(vec!["1.2".to_owned(), "1.3".to_owned()])),
            ("s3:x-amz-acl", Known::Absent),
        ];
        let request = Request { action: "s3:putobject", resource: "*", context: &context };
        Condition::read(operator, key, values.iter().map(|value| Value::from(*value)).collect()).holds(&request)
    }

    #[test]
    fn conditions_hold_as_aws_says() {
        for (operator, key, value) in [
            ("StringEquals", "AWS:SourceArn", ARN),
            ("StringLike", "aws:SourceArn", "arn:*:trail/*"),
            ("ArnLike", "aws:SourceArn", "arn:aws:cloudtrail:*:111122223333:trail/*"),
            ("ArnNotEquals", "aws:SourceArn", "arn:aws:cloudtrail:*:999999999999:trail/*"),
            ("Bool", "aws:SecureTransport", "True"),
            ("NumericGreaterThanEquals", "s3:TlsVersion", "1.2"),
            ("StringNotEquals", "s3:x-amz-acl", "private"),
            ("StringEqualsIfExists", "s3:x-amz-acl", "private"),
            ("ForAllValues:StringEquals", "s3:x-amz-acl", "private"),
            ("ForAnyValue:StringEquals", "aws:SourceArn", ARN),
            ("Null", "s3:x-amz-acl", "true"),
            ("Null", "aws:SourceArn", "false"),
        ] {
            assert_eq!(holds(operator, key, &[value]), Tri::Yes, "{operator} {key} {value}");
        }
        assert_eq!(holds("StringEquals", "aws:SourceArn", &["x", ARN]), Tri::Yes);
    }

    #[test]
    fn conditions_fail_as_aws_says() {
        for (operator, key, value) in [
            ("StringEquals", "aws:SourceArn", "arn:aws:cloudtrail:*:111122223333:trail/*"),
            ("ArnLike", "aws:SourceArn", "arn:aws:cloudtrail:*:999999999999:trail/*"),
            ("ArnLike", "aws:SourceArn", "arn:aws:*:us-east-1:trail/*:x:y"),
            ("Bool", "aws:SecureTransport", "false"),
            ("NumericLessThan", "s3:TlsVersion", "1.2"),
            ("StringEquals", "s3:x-amz-acl", "bucket-owner-full-control"),
            ("ForAnyValue:StringNotEquals", "s3:x-amz-acl", "private"),
            ("Null", "aws:SourceArn", "true"),
        ] {
            assert_eq!(holds(operator, key, &[value]), Tri::No, "{operator} {key} {value}");
        }
        assert_eq!(holds("StringNotEquals", "aws:SourceArn", &["x", ARN]), Tri::No);
    }

    #[test]
    fn what_is_not_known_is_said_to_be_so() {
        for (operator, key, value) in [
            ("StringEquals", "aws:SourceOrgID", "o-1"),
            ("StringEqualsIfExists", "aws:SourceOrgID", "o-1"),
            ("Null", "aws:SourceOrgID", "true"),
            ("StringEquals", "aws:SourceArn", "${aws:PrincipalArn}"),
            ("StringNotLike", "aws:SourceArn", "${aws:PrincipalArn}"),
            ("ArnLike", "aws:SourceArn", "*"),
            ("NumericLessThan", "s3:TlsVersion", "1.3"),
            ("NumericLessThan", "s3:TlsVersion", "many"),
            ("IpAddress", "aws:SourceArn", "10.0.0.0/8"),
            ("NotIpAddress", "s3:x-amz-acl", "10.0.0.0/8"),
            ("Null", "aws:SourceArn", "maybe"),
        ] {
            assert_eq!(holds(operator, key, &[value]), Tri::Unknown, "{operator} {key} {value}");
        }
        let odd = Condition::read("StringEquals", "aws:SourceArn", vec![Value::Null]);
        assert_eq!(odd.pins(), None);
    }
}
