//! The file's tables, version by version.

use super::{State, StateError};

/// What makes version n of n - 1. A version that was released is never changed; a new one is added below it.
const MIGRATIONS: [&str; 3] =
    [include_str!("schema-1.sql"), include_str!("schema-2.sql"), include_str!("schema-3.sql")];

/// "TrSl": what the file says it is.
const APPLICATION_ID: i64 = 0x5472_536c;

impl State {
    /// Brings the file to the newest version, step by step, each whole or not at all.
    pub(super) fn migrate(&self) -> Result<(), StateError> {
        let version = self.version()?;
        for (step, sql) in MIGRATIONS.iter().enumerate().skip(version) {
            self.transaction(|transaction| {
                transaction.execute_batch(sql)?;
                transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
                transaction.pragma_update(None, "user_version", step as i64 + 1)
            })?;
        }
        Ok(())
    }

    /// Whether it can be read as it is.
    pub(super) fn must_be_current(&self) -> Result<(), StateError> {
        match self.version()? {
            version if version == MIGRATIONS.len() => Ok(()),
            version => Err(StateError::Unusable {
                path: self.path.clone(),
                why: format!("it is of version {version}, and the next run will bring it to {}", MIGRATIONS.len()),
            }),
        }
    }

    fn version(&self) -> Result<usize, StateError> {
        let number = |name: &str| {
            self.with(|connection| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)))
        };
        let (id, version) = (number("application_id")?, number("user_version")?);
        let empty = number("page_count")? == 0 || id == 0 && version == 0 && self.has_no_tables()?;
        if !empty && id != APPLICATION_ID {
            return Err(self.damaged("it is another program's"));
        }
        match usize::try_from(version) {
            Ok(version) if version <= MIGRATIONS.len() => Ok(version),
            _ => Err(StateError::Later { path: self.path.clone(), found: version, known: MIGRATIONS.len() as i64 }),
        }
    }

    fn has_no_tables(&self) -> Result<bool, StateError> {
        self.with(|connection| {
            connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))
        })
    }

    /// Whether its pages fit together. It costs a look at each, which is little beside a run.
    pub(super) fn check(&self) -> Result<(), StateError> {
        let told: String =
            self.with(|connection| connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)))?;
        if told == "ok" { Ok(()) } else { Err(self.damaged(told)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Auditors ask the file with `sqlite3`: what is in it is written down.
    #[test]
    fn every_table_and_column_is_documented() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(&folder.path().join("state.sqlite")).unwrap();
        let sql = "SELECT tables.type, tables.name, columns.name FROM sqlite_schema AS tables
                   JOIN pragma_table_info(tables.name) AS columns WHERE tables.type IN ('table', 'view')";
        let known: Vec<(String, String, String)> = state
            .with(|connection| {
                let mut asked = connection.prepare(sql)?;
                let rows = asked.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
                rows.collect()
            })
            .unwrap();
        let page = std::fs::read_to_string("docs/monitor.md").unwrap();
        let views = page.lines().find(|line| line.starts_with("Views: ")).unwrap();
        for (kind, name, column) in known {
            if kind == "view" {
                assert!(views.contains(&format!("`{name}`")), "{name}");
                continue;
            }
            let row = page.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
            assert!(row.is_some_and(|row| row.contains(&format!("`{column}`"))), "{name}.{column}");
        }
    }

    #[test]
    fn a_file_is_brought_to_the_newest_version_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.sqlite");
        for _ in 0..2 {
            let state = State::open(&path).unwrap();
            assert_eq!(state.version().unwrap(), MIGRATIONS.len());
            state.must_be_current().unwrap();
        }
    }
}
