//! Log files that go into the bundle while the audit goes on, each written once: in the order in which the audit sends for
//! them, which comes from the evidence alone. What is given out of turn waits.

use std::io;
use std::sync::Mutex;

use super::bodies::Kept;
use super::file_of;
use super::gathered::{Full, Gathered, Note};
use super::keeping::{Small, Whole};
use super::locked::lock;
use super::recording::{Asked, Recording};
use super::turns::{Turn, Turns};

/// What has a turn, and what it goes through on its way.
#[derive(Default)]
pub(super) struct InTurn {
    waiting: Mutex<Waiting>,
    gathered: Gathered<Asked>,
}

#[derive(Default)]
struct Waiting {
    turns: Turns<(Asked, Whole)>,
    /// Bytes in memory of those that came before their turn.
    bytes: usize,
}

impl InTurn {
    /// An object will be asked for after those that were told of before.
    pub(super) fn tell(&self, key: &str) {
        lock(&self.waiting).turns.tell(key);
    }

    /// The turn of an object that is given now, if it was told of and nobody else has it.
    pub(super) fn take(&self, key: &str) -> Option<Turn> {
        lock(&self.waiting).turns.take(key)
    }
}

impl Recording {
    /// It broke off, and may be asked for once more.
    pub(super) fn broke_off(&self, turn: Turn, key: &str) {
        lock(&self.in_turn.waiting).turns.leave(turn, key);
    }

    /// Nobody asks for it any more.
    pub(super) fn turn_is_over(&self, key: &str) {
        self.go_on(|waiting| waiting.turns.over(key));
    }

    /// No turn brings anything any more.
    pub(super) fn turns_end(&self) {
        self.go_on(|waiting| waiting.turns.end());
        self.write_out(vec![self.in_turn.gathered.last()]);
    }

    /// An object came that has a turn.
    pub(super) fn came(&self, turn: Turn, asked: Asked, whole: Whole) -> io::Result<()> {
        let whole = match whole {
            // It may be more by what each thread brings at once.
            Whole::Small(small) if lock(&self.in_turn.waiting).bytes > WAITING => {
                Whole::Kept(self.bodies.keep(&small)?)
            }
            whole => whole,
        };
        let mut too_late = None;
        self.go_on(|waiting| {
            waiting.bytes += whole.in_memory();
            too_late = waiting.turns.bring(turn, (asked, whole));
            waiting.bytes -= too_late.as_ref().map_or(0, |(_, whole)| whole.in_memory());
        });
        too_late.map_or(Ok(()), |(asked, whole)| self.gather(asked, Some(whole)))
    }

    /// Takes a step, and writes what has its turn by that.
    fn go_on(&self, step: impl FnOnce(&mut Waiting)) {
        let mut full = Vec::new();
        {
            let waiting = &mut *lock(&self.in_turn.waiting);
            step(waiting);
            while let Some((asked, whole)) = waiting.turns.next() {
                waiting.bytes -= whole.in_memory();
                full.extend(self.in_turn.gathered.put(asked, Some(whole)));
            }
        }
        self.write_out(full);
    }

    fn write_out(&self, full: Vec<Full<Asked>>) {
        for full in full {
            self.in_turn.gathered.done(full, &InPlace(self)).unwrap_or_else(|error| self.failed(error));
        }
    }
}

/// Notes what is put into its place in the bundle.
struct InPlace<'a>(&'a Recording);

impl Note<Asked> for InPlace<'_> {
    fn keep(&self, _: &[&Small]) -> io::Result<Vec<(u64, u64)>> {
        Ok(Vec::new())
    }

    fn note(&self, asked: Asked, kept: Option<Kept>, bytes: Option<&[u8]>) {
        let InPlace(recording) = self;
        let Some(kept) = kept else { return };
        let name = file_of(&asked.seen.folder, &asked.key);
        let written = match lock(&recording.zip).as_mut() {
            None => Err(io::Error::other("the bundle was given up")),
            Some(zip) => zip.write(&name, kept.crc32, &mut |out| match bytes {
                Some(bytes) => out.write_all(bytes),
                None => recording.bodies.hand_on(&kept, &mut |piece| out.write_all(piece)),
            }),
        };
        match written {
            Ok(()) => recording.noted(asked, Some(Kept { parts: Vec::new(), ..kept }), |seen| &seen.placed),
            Err(error) => recording.failed(error),
        }
    }
}

/// Bytes of small log files that may wait in memory for their turn. What comes beyond that waits on the disk: one answer that
/// takes its time must not keep the others from coming.
const WAITING: usize = 16 << 20;
