//! What is remembered, between S3 and the disk that a function has for a while.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::aws::{AccessOptions, Edition, KeptObject};
use crate::cli::Failure;
use crate::monitor::state::State;
use crate::trail::ObjectLocation;

/// A state file that was taken from S3 and goes back there.
pub(super) struct Remembered {
    object: KeptObject,
    edition: Edition,
    file: PathBuf,
}

impl Remembered {
    /// Takes it from S3. One that is not there is an error, unless it was said to be the first time: it is never begun anew
    /// silently, for what was proven would be forgotten.
    pub(super) async fn fetch(at: ObjectLocation, access: &AccessOptions) -> Result<Remembered, Failure> {
        let folder = std::env::temp_dir().join("trailseal");
        // An invocation that was cut off may have left one, which nobody can tell the age of.
        let _ = fs::remove_dir_all(&folder);
        let file = folder.join("state.sqlite");
        let no_room = |error| Failure::told(format!("{}: {error}; give the function a disk", file.display()));
        fs::create_dir_all(&folder).map_err(no_room)?;
        let object = KeptObject::at(at.clone(), &own(access)).await.map_err(Failure::told)?;
        let mut taken = BufWriter::new(File::create(&file).map_err(no_room)?);
        let edition = object.read(&mut taken).await.map_err(Failure::told)?;
        drop(taken);
        let may_begin = std::env::var(NEW).is_ok_and(|said| said == "yes");
        match (&edition, may_begin) {
            (Edition::Of(_), false) => {}
            // Left set, it would have a state that is taken away begun anew by the next invocation, and nobody told.
            (Edition::Of(_), true) => {
                return Err(Failure::told(format!(
                    "{NEW}=yes is set, and {at} is there: take the variable away, so that a state that is gone is told of"
                )));
            }
            // An empty file is none.
            (Edition::Absent, true) => fs::remove_file(&file).map_err(no_room)?,
            (Edition::Absent, false) => {
                return Err(Failure::told(format!(
                    "there is no {at}: restore it from an older version of the object, for what was proven and told is in it; only if there never was one, set {NEW}=yes for one invocation, which then reads the whole history"
                )));
            }
        }
        Ok(Remembered { object, edition, file })
    }

    /// Where it lies meanwhile.
    pub(super) fn path(&self) -> &Path {
        &self.file
    }

    /// Closes it and puts it back, over what was there before and nothing else.
    pub(super) async fn keep(&mut self, state: Arc<State>) -> Result<(), Failure> {
        alone(state).await?.close().map_err(Failure::told)?;
        self.edition = self.object.write(&self.file, &self.edition).await.map_err(Failure::told)?;
        Ok(())
    }
}

/// The state, once nothing that was given up has a hand on it any more.
async fn alone(mut state: Arc<State>) -> Result<State, Failure> {
    for _ in 0..TRIES {
        match Arc::try_unwrap(state) {
            Ok(state) => return Ok(state),
            Err(shared) => state = shared,
        }
        tokio::time::sleep(BETWEEN).await;
    }
    Err(Failure::told(
        "the state file is still in use after the round; nothing was kept, and the next invocation goes on",
    ))
}

/// The function's own access: what the configuration says of endpoints, and none of the roles that read trails.
fn own(access: &AccessOptions) -> AccessOptions {
    AccessOptions {
        endpoint_url: access.endpoint_url.clone(),
        fips: access.fips,
        dual_stack: access.dual_stack,
        connect_timeout: access.connect_timeout,
        attempts: access.attempts,
        ..AccessOptions::default()
    }
}

/// The variable that says that there is no state yet.
const NEW: &str = "TRAILSEAL_STATE_NEW";

/// How often to look whether the state file is still in use, and how long to wait between: far longer than it takes.
const TRIES: u32 = 100;
const BETWEEN: Duration = Duration::from_millis(20);
