//! What is remembered from run to run: one SQLite file, which one run at a time writes and anyone may read.
//!
//! It is trusted as the machine is. What it says is never taken for evidence: a digest that is read from it is verified
//! again, and what it does not know is read from the bucket.

mod chains;
mod known;
mod ledger;
mod objects;
mod outbox;
mod runs;
mod schema;
mod shown;

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

pub use chains::{KnownChain, Stretch};
pub(super) use ledger::Concluded;
pub use ledger::{Listener, OpenFinding};
pub(super) use objects::{Described, PlaceId, Proven, Remembered, RememberedDigest, split};
pub use outbox::{Backlog, Due};
pub use runs::{RunEnd, RunId, RunOutcome};

/// A state file, opened.
pub struct State {
    path: PathBuf,
    connection: Mutex<Connection>,
    /// When the last run began.
    begun: Mutex<tokio::time::Instant>,
    is_new: bool,
    /// Held as long as this is: a process that dies lets go of it.
    _lock: Option<File>,
}

/// A target of the configuration, in a state file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetId(pub(super) i64);

/// Why a state file cannot be used. None of these is answered by beginning anew: that would forget what was proven.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Another run has it.
    #[error("another run is using the state file {0}; let it end (one run at a time writes it)")]
    Locked(PathBuf),
    /// There is none, where one is to be read.
    #[error("there is no state file {0}; `trailseal monitor --config FILE --once` makes it")]
    Absent(PathBuf),
    /// It was there, and is gone.
    #[error(
        "the state file {path} is gone, and what earlier runs left beside it is there: restore it from a copy, for what was proven and told is in it. Only if there never was one, or it is to be forgotten, remove {beside}: the next run then reads the whole history"
    )]
    Gone {
        /// The file.
        path: PathBuf,
        /// What is left of it.
        beside: PathBuf,
    },
    /// The file or its folder cannot be opened or written.
    #[error(
        "the state file {path} cannot be used: {why}; see to its folder, its permissions and the room on its disk, or name another with --state"
    )]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// It is no state file, or one that was damaged.
    #[error(
        "the state file {path} is damaged or is none of trailseal's: {why}; restore it from a copy. What it remembers cannot be guessed: only if there is no copy, move it and the .lock beside it away, and the next run reads the whole history again"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// It was written by a later version.
    #[error(
        "the state file {path} is of version {found}, and this program knows versions up to {known}; use the version of trailseal that wrote it"
    )]
    Later {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that is known.
        known: i64,
    },
    /// The same name stands for other evidence than before.
    #[error(
        "the target {name} was {before} in earlier runs and is {now} now; give the new source another name, or use another state file: its history is another one"
    )]
    OtherSource {
        /// The target.
        name: String,
        /// Its source so far.
        before: String,
        /// Its source in the configuration.
        now: String,
    },
}

impl State {
    /// Opens a state file to write it, and makes it where there is none.
    pub fn open(path: &Path) -> Result<State, StateError> {
        let (left, wal) = (beside(path, ".lock"), beside(path, "-wal"));
        let was_begun = left.exists();
        let mut lock = lock(path)?;
        let was_made = lock.metadata().is_ok_and(|lock| lock.len() > 0);
        let is_new = !path.exists();
        if is_new && (was_made || wal.exists()) {
            let left = if was_made { left } else { wal };
            return Err(StateError::Gone { path: path.to_owned(), beside: left });
        }
        // One without a byte is what the first run leaves that is killed while it makes it.
        if was_made || !was_begun {
            must_not_be_empty(path)?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| wrong(path, &error))?;
        let state =
            State { path: path.to_owned(), connection: Mutex::new(connection), begun: just_now(), is_new, _lock: None };
        state.with(|connection| {
            connection.busy_timeout(PATIENCE)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            // A file that a power cut reaches may lose its last transactions, and nothing else.
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
            connection.set_prepared_statement_cache_capacity(64);
            Ok(())
        })?;
        state.migrate()?;
        state.check()?;
        if !was_made {
            let unusable =
                |error: std::io::Error| StateError::Unusable { path: path.to_owned(), why: error.to_string() };
            lock.write_all(MADE).and_then(|()| lock.sync_all()).map_err(unusable)?;
        }
        Ok(State { _lock: Some(lock), ..state })
    }

    /// Opens a state file to read it, which may be done while a run writes it.
    pub fn read(path: &Path) -> Result<State, StateError> {
        if !path.is_file() {
            return Err(StateError::Absent(path.to_owned()));
        }
        must_not_be_empty(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| wrong(path, &error))?;
        let state = State {
            path: path.to_owned(),
            connection: Mutex::new(connection),
            begun: just_now(),
            is_new: false,
            _lock: None,
        };
        state.with(|connection| connection.busy_timeout(PATIENCE))?;
        state.must_be_current()?;
        Ok(state)
    }

    /// Lets go of the file, all of which is in it then, and nothing in another beside it: it can be copied as it is.
    pub fn close(self) -> Result<(), StateError> {
        let busy: i64 =
            self.with(|connection| connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)))?;
        if busy != 0 {
            let why = "somebody else is reading it".to_owned();
            return Err(StateError::Unusable { path: self.path, why });
        }
        let State { path, connection, .. } = self;
        let connection = connection.into_inner().unwrap_or_else(PoisonError::into_inner);
        connection.close().map_err(|(_, error)| wrong(&path, &error))
    }

    /// Whether it was made now, and nothing is remembered.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The target of that name, whatever it stands for; none if there is none yet.
    pub(super) fn target_named(&self, name: &str) -> Result<Option<TargetId>, StateError> {
        self.with(|connection| {
            let sql = "SELECT id FROM target WHERE name = ?1";
            connection.query_row(sql, [name], |row| row.get(0).map(TargetId)).optional()
        })
    }

    /// The names that stand for the same evidence; whoever renames a target leaves its history and its open findings behind.
    pub fn namesakes(&self, name: &str, source: &str) -> Result<Vec<String>, StateError> {
        self.with(|connection| {
            let sql = "SELECT name FROM target WHERE source = ?2 AND name <> ?1 ORDER BY name";
            let mut asked = connection.prepare_cached(sql)?;
            let rows = asked.query_map([name, source], |row| row.get(0))?;
            rows.collect()
        })
    }

    /// Whether anything is known of a target of that name.
    pub fn knows(&self, name: &str) -> Result<bool, StateError> {
        Ok(self.target_named(name)?.is_some())
    }

    /// The target of that name, which is made where there is none, and is told apart from the same name for something else.
    pub fn target(&self, name: &str, source: &str) -> Result<TargetId, StateError> {
        self.must_be_of(name, source)?;
        match self.target_named(name)? {
            Some(known) => Ok(known),
            None => self.with(|connection| {
                connection.execute("INSERT INTO target (name, source) VALUES (?1, ?2)", [name, source])?;
                Ok(TargetId(connection.last_insert_rowid()))
            }),
        }
    }

    /// Fails if that name stands for something else.
    pub fn must_be_of(&self, name: &str, source: &str) -> Result<(), StateError> {
        let before: Option<String> = self.with(|connection| {
            connection.query_row("SELECT source FROM target WHERE name = ?1", [name], |row| row.get(0)).optional()
        })?;
        match before {
            Some(before) if before != source => {
                Err(StateError::OtherSource { name: name.to_owned(), before, now: source.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// Does something with the file; what SQLite says of it is told as what it means.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T, StateError> {
        act(&mut self.connection()).map_err(|error| wrong(&self.path, &error))
    }

    /// The same, all or nothing.
    pub(super) fn transaction<T>(
        &self,
        act: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StateError> {
        self.with(|connection| {
            let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let done = act(&transaction)?;
            transaction.commit()?;
            Ok(done)
        })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn damaged(&self, why: impl Into<String>) -> StateError {
        StateError::Damaged { path: self.path.clone(), why: why.into() }
    }
}

fn just_now() -> Mutex<tokio::time::Instant> {
    Mutex::new(tokio::time::Instant::now())
}

/// SQLite would take a file without a byte for a new one.
fn must_not_be_empty(path: &Path) -> Result<(), StateError> {
    match path.metadata() {
        Ok(found) if found.len() == 0 => {
            Err(StateError::Damaged { path: path.to_owned(), why: "it is empty".to_owned() })
        }
        _ => Ok(()),
    }
}

/// A file that lies beside the state file.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// What stands in the lock of a state file that was made, so that one that is gone is told from one that never was.
const MADE: &[u8] = b"A state file of trailseal was made beside this file. If it is gone, restore it from a copy.\n";

/// A file beside the state file that one process at a time holds.
fn lock(path: &Path) -> Result<File, StateError> {
    let name = beside(path, ".lock");
    let unusable = |why: &dyn std::fmt::Display| StateError::Unusable { path: path.to_owned(), why: why.to_string() };
    let file = File::options().create(true).append(true).open(name).map_err(|error| unusable(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StateError::Locked(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(unusable(&error)),
    }
}

fn wrong(path: &Path, error: &rusqlite::Error) -> StateError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase, TypeMismatch};
    let (path, why) = (path.to_owned(), error.to_string());
    match error {
        rusqlite::Error::SqliteFailure(code, _) => match code.code {
            DatabaseCorrupt | NotADatabase | TypeMismatch => StateError::Damaged { path, why },
            _ => StateError::Unusable { path, why },
        },
        // What was read is not what is written here.
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::SqlInputError { .. }
        | rusqlite::Error::QueryReturnedNoRows => StateError::Damaged { path, why },
        _ => StateError::Unusable { path, why },
    }
}

/// How long a reader waits for a writer, or the other way round.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is kept in memory of the file, in KiB: the inner pages of an index over ten million names.
const CACHE_KIB: i64 = 16 << 10;
