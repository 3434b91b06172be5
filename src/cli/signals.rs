//! SIGINT and SIGTERM: the first asks for an early end, the second is one.

use std::io;
use std::thread;

use super::told;
use crate::audit::Stop;

/// From now on, the first signal asks `stop` for the end, and says `what` comes of it; the second ends the program.
///
/// They are waited for on a thread of its own, so that they are heard whatever the others do.
pub(super) fn ask_for_the_end(stop: &Stop, what: &'static str) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let mut signals = {
        let _within = runtime.enter();
        Signals::new()?
    };
    let stop = stop.clone();
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            signals.next().await;
            // Said before all is over, and apart from here: whoever reads it may keep it waiting.
            tokio::task::spawn_blocking(move || {
                told(&format!("interrupted: {what}; a second signal ends at once"));
                stop.ask();
            });
            std::process::exit(signals.next().await)
        })
    })?;
    Ok(())
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// The next one: the exit status that shells give a program that it ended.
    async fn next(&mut self) -> i32 {
        use futures::future::{Either, select};
        match select(Box::pin(self.interrupt.recv()), Box::pin(self.terminate.recv())).await {
            Either::Left(_) => INTERRUPTED,
            Either::Right(_) => TERMINATED,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Signals> {
        Ok(Signals)
    }

    async fn next(&mut self) -> i32 {
        // Where it cannot be waited for, it ends the program as ever.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        INTERRUPTED
    }
}

/// 128 and the number of SIGINT.
const INTERRUPTED: i32 = 130;

/// 128 and the number of SIGTERM.
#[cfg(unix)]
const TERMINATED: i32 = 143;
