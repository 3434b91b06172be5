//! How much may be under way at once, and how often to ask again.
//!
//! S3 says `SlowDown` when asked too fast for how it has spread the bucket. Then half as much is allowed, once for all
//! that was asked before, and with every round of answers one more, until it is as much as at first. What is counted is
//! answers, and not time.
//!
//! Of a service that answers at once, less is asked at a time: there, more under way only waits for this machine's own
//! processors, and costs a connection each.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Refusal;
use crate::store::StoreError;

/// How requests are made, shared by all that goes to one service.
#[derive(Clone, Debug)]
pub(crate) struct Pace(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    slots: Arc<Semaphore>,
    most: usize,
    attempts: u32,
    patience: Duration,
    /// The endpoint, where it is not AWS's own.
    endpoint: Option<String>,
    state: Mutex<State>,
    /// Whether somebody is finding out if the service answers again.
    probing: AtomicBool,
    /// What delays are drawn from.
    drawn: AtomicU64,
}

#[derive(Debug)]
struct State {
    limit: usize,
    /// Slots that are still taken and no longer to be given out.
    owed: usize,
    answered: usize,
    /// How often the limit was halved.
    cuts: u64,
    /// The least time that an answer took.
    least: Duration,
    /// Objects given up since the last answer.
    given_up: u32,
}

/// Leave to have one request under way.
#[derive(Debug)]
pub(crate) struct Turn {
    pace: Pace,
    permit: Option<OwnedSemaphorePermit>,
    cuts: u64,
}

impl Pace {
    /// At most `most` requests under way, each made at most `attempts` times and answered within `patience` each time.
    pub(crate) fn new(most: usize, attempts: u32, patience: Duration, endpoint: Option<String>) -> Pace {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        Pace(Arc::new(Shared {
            slots: Arc::new(Semaphore::new(most)),
            most,
            attempts: attempts.max(1),
            patience,
            endpoint,
            state: Mutex::new(State { limit: most, owed: 0, answered: 0, cuts: 0, least: Duration::MAX, given_up: 0 }),
            probing: AtomicBool::new(false),
            drawn: AtomicU64::new(0x9e37_79b9_7f4a_7c15),
        }))
    }

    /// Makes a request until it is answered, refused for good, or given up; the turn lasts as long as its answer is read.
    pub(crate) async fn ask<T, F>(&self, mut once: impl FnMut() -> F) -> Result<(T, Turn), StoreError>
    where
        F: Future<Output = Result<T, Refusal>>,
    {
        let Some(_probe) = self.may_ask() else {
            return Err(StoreError::Unreachable("the service no longer answers".to_owned()));
        };
        let mut attempt = 0;
        loop {
            let turn = self.turn().await;
            let asked = tokio::time::Instant::now();
            let refused = match tokio::time::timeout(self.0.patience, once()).await {
                Ok(Ok(answer)) => {
                    self.took(asked.elapsed());
                    self.answered();
                    return Ok((answer, turn));
                }
                Ok(Err(refused)) => refused,
                Err(_) => {
                    Refusal::Passing(StoreError::Unreachable("the answer did not come to its end in time".to_owned()))
                }
            };
            match &refused {
                Refusal::Final(_) => {
                    self.answered();
                    return Err(refused.into_error());
                }
                Refusal::Throttled(_) => self.slow_down(turn.cuts),
                Refusal::Passing(_) => {}
            }
            drop(turn);
            attempt += 1;
            let credentials = matches!(refused, Refusal::Passing(StoreError::Credentials(_)));
            if attempt >= self.attempts_left() || credentials && attempt >= MOST_FOR_CREDENTIALS {
                self.gave_up(&refused);
                return Err(self.told(refused.into_error()));
            }
            tokio::time::sleep(self.delay(attempt)).await;
        }
    }

    /// Where nobody could be reached, where that was.
    fn told(&self, error: StoreError) -> StoreError {
        match (error, &self.0.endpoint) {
            (StoreError::Unreachable(why), Some(endpoint)) => StoreError::Unreachable(format!("{why}, at {endpoint}")),
            (error, _) => error,
        }
    }

    async fn turn(&self) -> Turn {
        // The semaphore is never closed, so there always is a permit.
        let permit = Arc::clone(&self.0.slots).acquire_owned().await.ok();
        Turn { pace: self.clone(), permit, cuts: self.state(|state| state.cuts) }
    }

    /// While nothing is answered any more, one asks at a time, so that a night without a network ends before the morning.
    fn may_ask(&self) -> Option<Probe> {
        if self.state(|state| state.given_up) < OUT_OF_REACH {
            return Some(Probe(None));
        }
        let free = !self.0.probing.swap(true, Ordering::AcqRel);
        free.then(|| Probe(Some(self.clone())))
    }

    fn attempts_left(&self) -> u32 {
        if self.state(|state| state.given_up) < OUT_OF_REACH { self.0.attempts } else { 1 }
    }

    fn answered(&self) {
        let room = self.state(|state| {
            state.given_up = 0;
            state.answered += 1;
            if state.answered < state.limit || state.limit >= self.ceiling(state) {
                return false;
            }
            state.answered = 0;
            state.limit += 1;
            let had_debt = state.owed > 0;
            state.owed = state.owed.saturating_sub(1);
            !had_debt
        });
        if room {
            self.0.slots.add_permits(1);
        }
    }

    /// Halves the limit, unless it was halved since the request was sent.
    fn slow_down(&self, cuts: u64) {
        self.state(|state| {
            if state.cuts == cuts {
                self.lower(state, (state.limit / 2).max(1));
                state.answered = 0;
                state.cuts += 1;
            }
        });
    }

    /// An answer took so long.
    fn took(&self, time: Duration) {
        self.state(|state| {
            state.least = state.least.min(time);
            let ceiling = self.ceiling(state);
            self.lower(state, ceiling);
        });
    }

    /// As many as keep this machine busy, if each takes the least time that one took.
    fn ceiling(&self, state: &State) -> usize {
        let enough = state.least.as_micros().saturating_mul(ANSWERS_A_SECOND) / 1_000_000;
        self.0.most.min(usize::try_from(enough).unwrap_or(usize::MAX).max(ENOUGH_NEARBY))
    }

    /// Lowers the limit: what slots are free are gone at once, the others as they are given back.
    fn lower(&self, state: &mut State, limit: usize) {
        let less = state.limit.saturating_sub(limit);
        state.limit -= less;
        state.owed += less - self.0.slots.forget_permits(less);
    }

    fn gave_up(&self, refused: &Refusal) {
        // Whoever asks to slow down, or refuses credentials, is there.
        if matches!(refused, Refusal::Passing(error) if !matches!(error, StoreError::Credentials(_))) {
            self.state(|state| state.given_up = state.given_up.saturating_add(1));
        }
    }

    /// Between half and all of a span that doubles with every attempt, so that those refused together do not come back
    /// together.
    fn delay(&self, attempt: u32) -> Duration {
        let span = (FIRST_DELAY << attempt.min(10)).min(LONGEST_DELAY) / 2;
        // Xorshift: the delays need to differ, and nothing more.
        let drawn = self.0.drawn.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (drawn ^ (drawn >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        Duration::from_millis(span + (mixed >> 33) % span.max(1))
    }

    fn state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.0.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let owed = self.pace.state(|state| {
            let owed = state.owed > 0;
            state.owed = state.owed.saturating_sub(1);
            owed
        });
        if let Some(permit) = self.permit.take().filter(|_| owed) {
            permit.forget();
        }
    }
}

/// Whoever finds out if the service answers again; the next may once it is dropped.
struct Probe(Option<Pace>);

impl Drop for Probe {
    fn drop(&mut self) {
        if let Some(pace) = &self.0 {
            pace.0.probing.store(false, Ordering::Release);
        }
    }
}

/// Objects given up one after the other, with no answer to anything between, after which the service is taken to be out
/// of reach. Stops: a night of waiting for each of a million objects.
const OUT_OF_REACH: u32 = 64;

/// Credentials are renewed before they run out; those that did all the same are renewed at once, or by a person.
const MOST_FOR_CREDENTIALS: u32 = 5;

/// More than any machine can verify, so that no service but one at hand is asked for less than it may be.
const ANSWERS_A_SECOND: u128 = 100_000;

/// Under way where answers come at once. With fewer, a processor waits now and then; with more, only requests do.
const ENOUGH_NEARBY: usize = 64;

/// Milliseconds; doubled with every attempt.
const FIRST_DELAY: u64 = 50;

/// Milliseconds.
const LONGEST_DELAY: u64 = 5_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(pace: &Pace) -> usize {
        pace.state(|state| state.limit)
    }

    async fn answer(pace: &Pace) {
        pace.ask(|| async { Ok::<_, Refusal>(()) }).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn it_slows_down_once_for_what_was_asked_before_and_comes_back() {
        let pace = Pace::new(8, 1, Duration::from_secs(1), None);
        let (first, second) = (pace.turn().await, pace.turn().await);
        pace.slow_down(first.cuts);
        pace.slow_down(second.cuts);
        assert_eq!(limit(&pace), 4, "both were asked before the limit was halved");
        assert_eq!(pace.0.slots.available_permits(), 2, "the four owed were free");
        drop((first, second));
        assert_eq!(pace.0.slots.available_permits(), 4);
        for _ in 0..100 {
            answer(&pace).await;
        }
        assert_eq!((limit(&pace), pace.0.slots.available_permits()), (8, 8));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_taken_is_owed() {
        let pace = Pace::new(4, 1, Duration::from_secs(1), None);
        let turns: Vec<Turn> = futures::future::join_all((0..4).map(|_| pace.turn())).await;
        pace.slow_down(0);
        drop(turns);
        assert_eq!((limit(&pace), pace.0.slots.available_permits()), (2, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_at_hand_is_asked_for_less_at_a_time_and_one_far_away_is_not() {
        for (millis, most) in [(0, ENOUGH_NEARBY), (1, 100), (3, 256), (20, 256)] {
            let pace = Pace::new(256, 1, Duration::from_secs(1), None);
            for late in [7, 0, 3] {
                let answer = || async {
                    tokio::time::sleep(Duration::from_millis(millis + late)).await;
                    Ok::<_, Refusal>(())
                };
                pace.ask(answer).await.unwrap();
            }
            assert_eq!((limit(&pace), pace.0.slots.available_permits()), (most, most), "{millis} ms");
        }
        let few = Pace::new(8, 1, Duration::from_secs(1), None);
        answer(&few).await;
        assert_eq!(limit(&few), 8);
    }

    #[tokio::test(start_paused = true)]
    async fn it_asks_again_and_gives_up() {
        let pace = Pace::new(2, 3, Duration::from_secs(1), None);
        let mut asked = 0;
        let answered = pace.ask(|| {
            asked += 1;
            let passed = asked == 3;
            async move { if passed { Ok(()) } else { Err(Refusal::Passing(StoreError::Denied)) } }
        });
        assert!(answered.await.is_ok());
        let mut asked = 0;
        let refused = pace.ask(|| {
            asked += 1;
            async { Err::<(), _>(Refusal::Throttled(StoreError::Throttled)) }
        });
        assert_eq!(refused.await.map(|_| ()), Err(StoreError::Throttled));
        assert_eq!((asked, limit(&pace)), (3, 1));
        let mut asked = 0;
        let refused = pace.ask(|| {
            asked += 1;
            async { Err::<(), _>(Refusal::Final(StoreError::NotFound)) }
        });
        assert_eq!(refused.await.map(|_| ()), Err(StoreError::NotFound));
        assert_eq!(asked, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_does_not_end_is_asked_for_again() {
        let pace = Pace::new(1, 2, Duration::from_secs(1), None);
        let mut asked = 0;
        let answered = pace.ask(|| {
            asked += 1;
            let hangs = asked == 1;
            async move { if hangs { std::future::pending().await } else { Ok::<_, Refusal>(()) } }
        });
        assert!(answered.await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_out_of_reach_is_asked_by_one_at_a_time_and_found_again() {
        let pace = Pace::new(4, 2, Duration::from_secs(1), None);
        let gone = || async { Err::<(), _>(Refusal::Passing(StoreError::Unreachable("gone".to_owned()))) };
        for _ in 0..OUT_OF_REACH {
            assert!(pace.ask(gone).await.is_err());
        }
        let probe = pace.may_ask();
        assert!(probe.is_some());
        let mut asked = false;
        let others = pace.ask(|| {
            asked = true;
            async { Ok::<_, Refusal>(()) }
        });
        assert!(others.await.is_err() && !asked);
        drop(probe);
        answer(&pace).await;
        assert_eq!(pace.attempts_left(), 2);
    }
}
