//! What others see of the state after each run: a file of metrics, a page of HTML.

use std::io;
use std::path::Path;

use super::Told;
use super::serve::{self, Server};
use crate::cli::output::write_whole;
use crate::cli::{Failure, say};
use crate::monitor::state::{State, StateError};
use crate::monitor::status::{Asked, Status};
use crate::render;
use crate::trail::Time;

/// Reads the state file as it is now, whoever is writing to it.
pub(super) fn status(told: &Told, now: Time) -> Result<Status, StateError> {
    let targets = told.config.targets.iter().map(|target| target.name.clone()).collect();
    let sinks = told.config.sinks.iter().map(|sink| sink.name.clone()).collect();
    let (sources, complete_within) = (told.config.sources(), told.config.complete_within());
    State::read(&told.state)?.status(&Asked { now, targets, sources, complete_within, sinks })
}

/// Answers on the address of the configuration, while the monitor keeps running; a run that is the only one needs no server.
pub(super) fn listen(told: &Told) -> Result<Option<Server>, Failure> {
    let (Some(address), Some(_)) = (told.config.listen, told.config.every) else { return Ok(None) };
    let server = serve::begin(told, address)?;
    say::told(&format!("listening on http://{}", server.address));
    Ok(Some(server))
}

/// Writes the files that the configuration names, each whole or not at all. What went wrong, each ending in what to do next.
pub(super) fn after_round(told: &Told, now: Time) -> Vec<String> {
    let files: [(&str, &Option<_>, Render); 2] = [
        ("metrics file", &told.config.metrics_file, render::monitor::metrics),
        ("status page", &told.config.status_page, render::monitor::page),
    ];
    let mut files =
        files.into_iter().filter_map(|(name, path, render)| Some((name, path.as_ref()?, render))).peekable();
    if files.peek().is_none() {
        return Vec::new();
    }
    let status = match status(told, now) {
        Ok(status) => status,
        Err(error) => return vec![error.to_string()],
    };
    files.filter_map(|(name, path, render)| write(&status, name, path, render)).collect()
}

type Render = fn(&Status, &mut dyn io::Write) -> io::Result<()>;

fn write(status: &Status, name: &str, path: &Path, render: Render) -> Option<String> {
    let error = write_whole(path, |out| render(status, out)).err()?;
    let path = path.display();
    Some(format!("the {name} {path} could not be written: {error}; see to its permissions and the room on its disk"))
}
