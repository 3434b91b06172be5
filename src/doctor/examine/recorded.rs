//! Which events the selectors of a trail record.

use super::super::facts::{AdvancedSelector, BasicSelector, DataResources, FieldSelector, Selectors};

/// Reads, writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Kinds {
    pub(super) read: bool,
    pub(super) write: bool,
}

/// What is recorded of a category of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Recorded {
    /// Of which all are, for certain.
    pub(super) all: Kinds,
    /// Of which some are.
    pub(super) some: Kinds,
    /// What makes that less than all.
    pub(super) narrowed: Vec<String>,
}

const EVERY: Kinds = Kinds { read: true, write: true };

impl Kinds {
    fn or(self, other: Kinds) -> Kinds {
        Kinds { read: self.read || other.read, write: self.write || other.write }
    }

    pub(super) fn both(self) -> bool {
        self == EVERY
    }

    pub(super) fn any(self) -> bool {
        self.read || self.write
    }
}

impl Recorded {
    fn add(&mut self, kinds: Kinds, narrowed: Vec<String>) {
        self.some = self.some.or(kinds);
        if narrowed.is_empty() {
            self.all = self.all.or(kinds);
        }
        self.narrowed.extend(narrowed);
    }

    /// What is recorded, in words.
    pub(super) fn told(&self) -> String {
        let kinds = match (self.all.read, self.all.write) {
            (true, true) => "reads and writes",
            (true, false) => "all reads, and not all writes",
            (false, true) => "all writes, and not all reads",
            (false, false) if self.some.any() => "some of them",
            (false, false) => "none",
        };
        match self.all.both() || self.narrowed.is_empty() {
            true => kinds.to_owned(),
            false => format!("{kinds} ({})", super::few(&self.narrowed)),
        }
    }
}

/// Management events. Several selectors record what any of them does.
pub(super) fn management(selectors: &Selectors) -> Recorded {
    let mut recorded = Recorded::default();
    for basic in selectors.basic.iter().filter(|basic| basic.management) {
        let without = |source: &String| format!("without those of {source}");
        recorded.add(kinds(basic), basic.excluded_sources.iter().map(without).collect());
    }
    for advanced in selectors.advanced.iter().filter(|advanced| is_of(advanced, "Management")) {
        let (kinds, narrowed) = fields(advanced, |_| false);
        recorded.add(kinds, narrowed);
    }
    recorded
}

/// Reads and writes of objects in S3: of every bucket, or of one.
pub(super) fn objects(selectors: &Selectors, partition: &str, bucket: Option<&str>) -> Recorded {
    let mut recorded = Recorded::default();
    let all = format!("arn:{partition}:s3");
    let one = bucket.map(|bucket| format!("{all}:::{bucket}/"));
    for basic in &selectors.basic {
        for data in basic.data.iter().filter(|data| data.kind == OBJECT) {
            let whole = |arn: &String| *arn == all || *arn == format!("{all}:::") || Some(arn) == one.as_ref();
            recorded.add(kinds(basic), narrower(data, whole));
        }
    }
    for advanced in selectors.advanced.iter().filter(|advanced| is_of(advanced, "Data")) {
        if !is_only(advanced, "resources.type", OBJECT) {
            continue;
        }
        let (kinds, narrowed) = fields(advanced, |field| {
            let starts = |(condition, values): &(String, Vec<String>)| {
                condition == "StartsWith" && values.iter().any(|value| Some(value) == one.as_ref())
            };
            field.field == "resources.type" || (field.field == "resources.ARN" && is_all(field, starts))
        });
        recorded.add(kinds, narrowed);
    }
    recorded
}

const OBJECT: &str = "AWS::S3::Object";

fn kinds(basic: &BasicSelector) -> Kinds {
    let is = |word: &str| basic.read_write == "All" || basic.read_write == word;
    Kinds { read: is("ReadOnly"), write: is("WriteOnly") }
}

/// What keeps data resources from being all.
fn narrower(data: &DataResources, whole: impl Fn(&String) -> bool) -> Vec<String> {
    match data.arns.iter().any(whole) {
        true => Vec::new(),
        false if data.arns.is_empty() => vec!["of no bucket".to_owned()],
        false => data.arns.iter().map(|arn| format!("of {arn}")).collect(),
    }
}

fn is_of(advanced: &AdvancedSelector, category: &str) -> bool {
    is_only(advanced, "eventCategory", category)
}

/// Whether a field is asked to be this, and nothing else of it.
fn is_only(advanced: &AdvancedSelector, name: &str, value: &str) -> bool {
    let of: Vec<&FieldSelector> = advanced.fields.iter().filter(|field| field.field == name).collect();
    let equals =
        |(condition, values): &(String, Vec<String>)| condition == "Equals" && values.iter().any(|v| v == value);
    !of.is_empty() && of.iter().all(|field| is_all(field, equals))
}

fn is_all(field: &FieldSelector, so: impl Fn(&(String, Vec<String>)) -> bool) -> bool {
    !field.conditions.is_empty() && field.conditions.iter().all(so)
}

/// Reads or writes, and the fields that leave something out: all but the category, and those that are `harmless`.
fn fields(advanced: &AdvancedSelector, harmless: impl Fn(&FieldSelector) -> bool) -> (Kinds, Vec<String>) {
    let mut kinds = EVERY;
    let mut narrowed = Vec::new();
    for field in advanced.fields.iter().filter(|field| field.field != "eventCategory") {
        let equals = |(condition, _): &(String, Vec<String>)| condition == "Equals";
        if field.field == "readOnly" && is_all(field, equals) {
            let has = |word: &str| field.conditions.iter().all(|(_, values)| values.iter().any(|value| value == word));
            kinds = Kinds { read: kinds.read && has("true"), write: kinds.write && has("false") };
        } else if !harmless(field) {
            narrowed.push(told(field));
        }
    }
    (kinds, narrowed)
}

fn told(field: &FieldSelector) -> String {
    let condition = |(condition, values): &(String, Vec<String>)| format!("{condition} {}", super::few(values));
    let conditions: Vec<String> = field.conditions.iter().map(condition).collect();
    format!("where {} {}", field.field, conditions.join(" and "))
}
