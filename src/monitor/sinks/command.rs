//! An event handed to a program, as JSON on its standard input. It was taken if the program ends with status 0.

use std::io;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::{Either, join, select};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStderr, ChildStdin};

use super::config::{CommandConfig, SinkConfig};
use super::{DeliveryError, Sink, json};
use crate::aws::without_secrets;
use crate::monitor::Event;

/// A program.
pub(super) struct Command {
    name: String,
    command: Vec<String>,
    patience: Duration,
}

impl Command {
    pub(super) fn new(config: &SinkConfig, command: &CommandConfig) -> Command {
        Command { name: config.name.clone(), command: command.command.clone(), patience: config.timeout }
    }

    fn program(&self) -> &str {
        self.command.first().map(String::as_str).unwrap_or_default()
    }

    /// Runs it to its end; how it ended, and what it wrote to standard error.
    async fn run(&self, input: &str) -> io::Result<(ExitStatus, Vec<u8>)> {
        let mut command = tokio::process::Command::new(self.program());
        command.args(self.command.get(1..).unwrap_or_default());
        // Its time is out when this is dropped.
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut running = command.spawn()?;
        let said = Mutex::default();
        let (stdin, stderr) = (running.stdin.take(), running.stderr.take());
        let mut pipes = pin!(join(write(stdin, input), read(stderr, &said)));
        let status = match select(pin!(running.wait()), pipes.as_mut()).await {
            Either::Left((status, _)) => {
                // What it left behind may hold the pipes open for as long as it likes.
                let _ = tokio::time::timeout(LAST_WORDS, pipes).await;
                status?
            }
            Either::Right((_, wait)) => wait.await?,
        };
        let said = said.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok((status, said))
    }
}

#[async_trait]
impl Sink for Command {
    fn name(&self) -> &str {
        &self.name
    }

    async fn deliver(&self, event: &Event) -> Result<(), DeliveryError> {
        let input = json(event)? + "\n";
        let (program, seconds) = (self.program(), self.patience.as_secs());
        let (status, said) = match tokio::time::timeout(self.patience, self.run(&input)).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(DeliveryError::Passing(format!(
                    "the command {program} could not be started: {error}; this machine runs too many programs"
                )));
            }
            Ok(Err(error)) => {
                return Err(DeliveryError::Lasting(format!(
                    "the command {program} could not be run: {error}; give the path of a program that may be run"
                )));
            }
            Err(_) => {
                return Err(DeliveryError::Passing(format!(
                    "the command {program} did not end within {seconds} seconds, and was killed; if it takes so long, raise timeout_seconds"
                )));
            }
        };
        if status.success() {
            return Ok(());
        }
        let said = words(&said);
        let said = if said.is_empty() { String::new() } else { format!(" ({said})") };
        Err(DeliveryError::Passing(format!(
            "the command {program} ended with {status}{said}; run it by hand with an event on its standard input"
        )))
    }
}

/// One that ends without reading it has said with its status whether it took it.
async fn write(stdin: Option<ChildStdin>, input: &str) {
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(input.as_bytes()).await;
    }
}

/// Keeps the beginning, and takes the rest, so that who writes more is not held up.
async fn read(stderr: Option<ChildStderr>, said: &Mutex<Vec<u8>>) {
    let Some(mut stderr) = stderr else { return };
    let mut piece = [0; 4096];
    while let Ok(length @ 1..) = stderr.read(&mut piece).await {
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MOST_SAID - said.len();
        said.extend_from_slice(&piece[..length.min(room)]);
    }
}

/// In one line.
fn words(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    without_secrets(&said.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Bytes of standard error that are kept. Stops: a program that writes without an end.
const MOST_SAID: usize = 400;

/// For what it wrote before it ended.
const LAST_WORDS: Duration = Duration::from_millis(100);
