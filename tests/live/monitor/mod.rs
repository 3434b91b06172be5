//! `trailseal monitor` over a bucket that grows hour by hour, and is tampered with.

mod ended_early;
mod history;
mod kills;
mod migration;
mod shares;
mod steady;
mod telling;
mod told;
mod unwell;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;
use trailseal::simulate::{Scenario, SimulatedObject};
use trailseal::trail::Time;

use crate::s3_server::Stored;
use crate::world::{REGION, Run, World, small};

/// A trail of which the bucket holds what was delivered by some time.
pub(crate) struct Watched {
    pub(crate) world: World,
    pub(crate) at: Time,
    /// What is still to come, the next at the end.
    coming: Vec<SimulatedObject>,
    /// Keys of the configuration beside the source, as lines of the target's table.
    target: String,
    /// Who is told, as tables of the configuration.
    pub(crate) sinks: String,
    pub(crate) remind_every: String,
}

/// An open finding, as sqlite3 shows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Open {
    pub(crate) code: String,
    pub(crate) about: String,
}

/// Two days of one region.
pub(crate) fn two_days() -> Scenario {
    Scenario { hours: 48, regions: vec![REGION.to_owned()], ..small() }
}

impl Watched {
    /// The bucket as it is so many hours after the trail began.
    pub(crate) fn after(hours: i64, scenario: Scenario, target: &str) -> Watched {
        let world = World::of(scenario);
        world.endpoint.s3.empty(&world.scenario.bucket);
        let mut coming: Vec<SimulatedObject> = world.objects.values().cloned().collect();
        coming.sort_by_key(|object| std::cmp::Reverse((object.last_modified, object.key.clone())));
        let begun = world.summary.interval.start;
        let (target, sinks, remind_every) = (target.to_owned(), String::new(), "never".to_owned());
        let mut watched = Watched { world, at: begun, coming, target, sinks, remind_every };
        watched.go_on(hours * Time::HOUR);
        watched
    }

    /// Lets time pass.
    pub(crate) fn go_on(&mut self, seconds: i64) {
        self.at = self.at.plus(seconds);
        while self.coming.last().is_some_and(|object| object.last_modified <= self.at) {
            let object = self.coming.pop().unwrap();
            self.world.endpoint.s3.put(&self.world.scenario.bucket, &object.key, Stored::of(&object));
        }
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.world.scratch.path().join("state.sqlite")
    }

    pub(crate) fn config(&self) -> PathBuf {
        let path = self.world.scratch.path().join("trailseal.toml");
        let target = format!("[[target]]\nname = \"trail\"\nsource = \"{}\"\n{}", self.world.source(), self.target);
        let (remind, sinks) = (&self.remind_every, &self.sinks);
        fs::write(&path, format!("state = \"state.sqlite\"\nremind_every = \"{remind}\"\n{target}\n{sinks}")).unwrap();
        path
    }

    /// One run.
    pub(crate) fn run(&self) -> Run {
        self.run_with(&[])
    }

    pub(crate) fn run_with(&self, more: &[&str]) -> Run {
        let (config, now) = (self.config(), self.at.to_string());
        let mut arguments = vec!["monitor", "--config", config.to_str().unwrap(), "--once", "--now", &now];
        arguments.extend(more);
        self.world.endpoint.journal.clear();
        self.world.run(&arguments)
    }

    /// A run that comes to this exit status.
    #[track_caller]
    pub(crate) fn comes_to(&self, status: i32) -> Run {
        let run = self.run();
        assert_eq!(run.status, Some(status), "{}{}{:#?}", run.stdout, run.stderr, self.open());
        run
    }

    /// The same, where the state file is not to be looked at.
    #[track_caller]
    pub(crate) fn comes_to_without_looking(&self, status: i32) -> Run {
        let run = self.run();
        assert_eq!(run.status, Some(status), "{}{}", run.stdout, run.stderr);
        run
    }

    /// How many objects and listings the last run asked for.
    pub(crate) fn asked(&self) -> (usize, usize) {
        let journal = &self.world.endpoint.journal;
        (journal.count("GetObject"), journal.count("ListObjectsV2"))
    }

    pub(crate) fn database(&self) -> Connection {
        Connection::open(self.state()).unwrap()
    }

    /// What could not be told is due at once.
    pub(crate) fn make_due(&self) {
        self.database().execute("UPDATE delivery SET next = 0", []).unwrap();
    }

    /// The findings that are open and no notes.
    pub(crate) fn open(&self) -> Vec<Open> {
        let sql = "SELECT code, coalesce(json_extract(json, '$.subject.key'), '') FROM finding
                   WHERE resolved IS NULL AND severity <> 'note' ORDER BY 1, 2";
        let database = self.database();
        let mut asked = database.prepare(sql).unwrap();
        let rows = asked.query_map([], |row| Ok(Open { code: row.get(0)?, about: row.get(1)? })).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// How often each was told of: by finding's code, subject and kind of event.
    pub(crate) fn told(&self) -> Vec<(String, String, String, u32)> {
        let sql = "SELECT code, coalesce(json_extract(finding.json, '$.subject.key'), ''), kind, count(*)
                   FROM event JOIN finding ON finding.id = event.finding WHERE severity <> 'note' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";
        let database = self.database();
        let mut asked = database.prepare(sql).unwrap();
        let rows = asked.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// The ids of all that is to be told.
    pub(crate) fn events(&self) -> BTreeSet<String> {
        let database = self.database();
        let mut asked = database.prepare("SELECT event FROM delivery").unwrap();
        let rows = asked.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// The same of findings about objects.
    pub(crate) fn told_of_objects(&self) -> Vec<(String, String, String, u32)> {
        self.told().into_iter().filter(|(_, about, ..)| !about.is_empty()).collect()
    }

    /// The keys in the bucket now that hold a text.
    pub(crate) fn keys_with(&self, part: &str) -> Vec<String> {
        self.world.endpoint.s3.keys(&self.world.scenario.bucket).into_iter().filter(|key| key.contains(part)).collect()
    }

    pub(crate) fn remove(&self, key: &str) -> Stored {
        self.world.endpoint.s3.remove(&self.world.scenario.bucket, key)
    }

    pub(crate) fn put(&self, key: &str, stored: Stored) {
        self.world.endpoint.s3.put(&self.world.scenario.bucket, key, stored);
    }
}

pub(crate) fn open(code: &str, about: &str) -> Open {
    Open { code: code.to_owned(), about: about.to_owned() }
}
