//! Policies of resources, as far as they are reasoned about: who may do what, and whether that is certain.
//!
//! What is not understood is an error of the whole policy: half a policy says nothing.

mod condition;
mod grammar;
mod wild;

pub(super) use self::condition::{Condition, Known, Request, Tri};
pub(super) use self::wild::{covers, meet, open};

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) statements: Vec<Statement>,
}

/// A statement of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// Its `Sid`, or its place.
    pub(super) name: String,
    pub(super) allows: bool,
    pub(super) principals: Principals,
    /// Patterns, in small letters.
    pub(super) actions: Patterns,
    pub(super) resources: Patterns,
    pub(super) conditions: Vec<Condition>,
}

/// Whom a statement is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Principals {
    These(Vec<Principal>),
    /// `NotPrincipal`.
    AllBut(Vec<Principal>),
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Principal {
    /// `*`, or `{"AWS": "*"}`.
    Anyone,
    /// `{"Service": ..}`.
    Service(String),
    /// `{"AWS": ..}`, `{"Federated": ..}`, `{"CanonicalUser": ..}`, as the policy says it.
    Other(String),
}

/// Actions or resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Patterns {
    /// Whether all but these are meant.
    pub(super) all_but: bool,
    pub(super) patterns: Vec<String>,
}

impl Principal {
    /// As it is told.
    pub(super) fn told(&self) -> String {
        match self {
            Principal::Anyone => "everyone".to_owned(),
            Principal::Service(name) | Principal::Other(name) => name.clone(),
        }
    }

    fn is_service(&self, name: &str) -> bool {
        matches!(self, Principal::Service(service) if service == name)
    }
}

impl Patterns {
    /// Whether everything that `pattern` stands for is among these for certain.
    pub(super) fn cover(&self, pattern: &str) -> bool {
        match self.all_but {
            false => self.patterns.iter().any(|own| covers(own, pattern)),
            true => self.patterns.iter().all(|own| !meet(&open(own), pattern)),
        }
    }

    /// Whether everything that `pattern` stands for is among these: perhaps, where that hangs on variables.
    fn hold(&self, pattern: &str) -> Tri {
        let perhaps = |own: &String| own.contains("${") && covers(&open(own), pattern);
        match self.cover(pattern) {
            true => Tri::Yes,
            false if !self.all_but && self.patterns.iter().any(perhaps) => Tri::Unknown,
            false => Tri::No,
        }
    }

    /// Whether something that `pattern` stands for may be among these.
    pub(super) fn meet(&self, pattern: &str) -> bool {
        match self.all_but {
            false => self.patterns.iter().any(|own| meet(&open(own), pattern)),
            true => !self.patterns.iter().any(|own| covers(own, pattern)),
        }
    }
}

impl Statement {
    /// Whether it is for that service: for certain, perhaps, or not.
    pub(super) fn is_for(&self, service: &str) -> Tri {
        match &self.principals {
            Principals::These(these) if these.iter().any(|one| one.is_service(service)) => Tri::Yes,
            // S3 lets everyone in whom `*` names; whether that holds for a service is said nowhere.
            Principals::These(these) if these.contains(&Principal::Anyone) => Tri::Unknown,
            Principals::These(_) => Tri::No,
            Principals::AllBut(these) if these.iter().any(|one| one.is_service(service)) => Tri::No,
            Principals::AllBut(_) => Tri::Unknown,
        }
    }

    /// Whether it is for everyone.
    pub(super) fn is_for_anyone(&self) -> bool {
        match &self.principals {
            Principals::These(these) => these.contains(&Principal::Anyone),
            Principals::AllBut(_) => self.allows,
        }
    }

    /// Whether its conditions hold for a request.
    fn holds(&self, request: &Request<'_>) -> Tri {
        let all = self.conditions.iter().map(|condition| condition.holds(request));
        all.fold(Tri::Yes, Tri::and)
    }

    /// The keys of its conditions, as they are told.
    pub(super) fn keys(&self) -> String {
        let mut keys: Vec<&str> = self.conditions.iter().map(|condition| condition.key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.join(", ")
    }
}

/// What a policy comes to for one request of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// It is let.
    Allowed,
    /// It is not: no statement lets it, or that one forbids it.
    Refused(String),
    /// It hangs on something that is not known.
    Unsure(String),
}

impl Policy {
    /// Reads one.
    pub(super) fn read(text: &str) -> Result<Policy, String> {
        grammar::read(text)
    }

    /// Whether a service may do that.
    pub(super) fn decides(&self, service: &str, request: &Request<'_>) -> Decision {
        let mut doubt = None;
        for statement in self.statements.iter().filter(|statement| !statement.allows) {
            match forbids(statement, service, request) {
                Tri::Yes => return Decision::Refused(format!("{} denies it", statement.name)),
                Tri::No => {}
                Tri::Unknown => doubt = Some(hangs(statement, "denies")),
            }
        }
        let mut perhaps = None;
        for statement in self.statements.iter().filter(|statement| statement.allows) {
            let actions = statement.actions.hold(request.action);
            match actions
                .and(statement.resources.hold(request.resource))
                .and(statement.is_for(service))
                .and(statement.holds(request))
            {
                Tri::Yes => return doubt.map_or(Decision::Allowed, Decision::Unsure),
                Tri::No => {}
                Tri::Unknown => perhaps = Some(hangs(statement, "allows")),
            }
        }
        perhaps.map_or_else(|| Decision::Refused("no statement allows it".to_owned()), Decision::Unsure)
    }
}

/// What a decision hangs on.
fn hangs(statement: &Statement, does: &str) -> String {
    let has_variables = statement.resources.patterns.iter().any(|own| own.contains("${"));
    match (has_variables, statement.conditions.is_empty()) {
        (true, _) => format!("whether {} {does} it hangs on the variables in its resources", statement.name),
        (false, true) => format!("whether {} {does} it hangs on whom and what it is for", statement.name),
        (false, false) => format!("whether {} {does} it hangs on {}", statement.name, statement.keys()),
    }
}

/// Whether a `Deny` hits it.
fn forbids(statement: &Statement, service: &str, request: &Request<'_>) -> Tri {
    // A `Deny` for everyone is one for services.
    let for_it = match statement.is_for(service) {
        Tri::No => Tri::No,
        _ => Tri::Yes,
    };
    let meets = |patterns: &Patterns, wanted: &str| match (patterns.cover(wanted), patterns.meet(wanted)) {
        (true, _) => Tri::Yes,
        (false, true) => Tri::Unknown,
        (false, false) => Tri::No,
    };
    let action = meets(&statement.actions, request.action);
    let resource = meets(&statement.resources, request.resource);
    for_it.and(action).and(resource).and(statement.holds(request))
}
