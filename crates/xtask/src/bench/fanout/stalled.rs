//! One subscriber that does not read, under each policy: what the others notice of it.
//!
//! Slices of equal publications at a fixed rate come in pairs, with the one and without it. It joins anew
//! before each slice, and publications fill what its connection and its session hold. Where that ends its
//! session or its subscription, they stop short of it, so that the end comes about the middle of the
//! slice; the server is asked before and after whether it did. A pair in which it did not is not counted.

use anyhow::{Result, ensure};

use super::api::Api;
use super::crowd::{Crowd, in_a_slice};
use super::longwire::{POLICIES, Policy, QUEUED_KIB, configuration};
use super::results::{Fate, Paced, Pair, StalledPolicy, StalledRun};
use super::servers::Ready;
use super::{Bench, EACH_SECOND};

/// Pairs of slices for each round that the servers beside each other have: what few deliveries exceed takes
/// many of them.
const PAIRS_A_ROUND: u32 = 3;
/// Bytes of a publication: enough that the one is full soon.
const SIZE_BYTES: u32 = 2048;
/// How many are in flight while its session is filled.
const IN_FLIGHT: u32 = 16;
/// More than its connection takes, in both kernels and in the server's outbox. They come one by one on a
/// channel that it has for itself: what is sent together goes into the connection together, and the
/// place where it is full has to be the same each time.
const FIRST: u32 = 160;
/// As many fill its session.
const ENOUGH: u32 = QUEUED_KIB * 1024 / SIZE_BYTES;
/// So many do not, beside those of the first that the connection did not take: with what surrounds them
/// and what they are counted with beside their length.
const SAFE: u32 = QUEUED_KIB * 1024 / (SIZE_BYTES + 256) - FIRST / 2;
/// The publications of a slice.
const A_SLICE: u32 = in_a_slice(EACH_SECOND);

impl Bench<'_> {
    /// All policies, one after the other, each on a server of its own.
    pub(super) fn stalled(&mut self, ready: &Ready, subscribers: usize) -> StalledRun {
        let mut policies = Vec::new();
        for policy in POLICIES {
            let name = policy.name;
            self.log.note(&format!("measuring with one that does not read: {name}"));
            match self.policy(policy, ready, subscribers) {
                Ok(figures) => policies.push(figures),
                Err(error) => self.fail(name, &error),
            }
        }
        let (size_bytes, each_second) = (SIZE_BYTES, EACH_SECOND);
        StalledRun { subscribers, size_bytes, each_second, policies }
    }

    fn policy(
        &self,
        policy: &'static Policy,
        ready: &Ready,
        subscribers: usize,
    ) -> Result<StalledPolicy> {
        let Self { tool, pinning, folder, log, .. } = self;
        let ready = ready.configured(policy.name, &configuration(Some(policy)), folder)?;
        let crowd = Crowd::gather(&ready, subscribers, tool, *pinning, folder, log)?;
        let api = Api::open(crowd.address())?;
        let mut scene = Scene { policy, crowd, api, subscribers, fill: ENOUGH };
        let resident_before_bytes = scene.without()?.resident_bytes;
        if policy.end.is_some() {
            scene.fill = scene.probe()?.saturating_sub(A_SLICE / 2);
        }
        log.note(&format!("{}: {} publications before each slice", policy.name, scene.fill));
        let (mut pairs, mut missed) = (Vec::new(), 0);
        for round in 0..=PAIRS_A_ROUND * self.rounds {
            let (without, with) = if round % 2 == 0 {
                (scene.without()?, scene.with()?)
            } else {
                let with = scene.with()?;
                (scene.without()?, with)
            };
            match with {
                _ if round == 0 => {}
                Some((with, fate)) => pairs.push(Pair { without, with, fate }),
                None => {
                    log.note(&format!("{}: not over its limits in time", policy.name));
                    missed += 1;
                }
            }
        }
        Ok(StalledPolicy { name: policy.name.to_owned(), resident_before_bytes, pairs, missed })
    }
}

/// A server with one policy, and its crowd.
struct Scene {
    policy: &'static Policy,
    crowd: Crowd,
    api: Api,
    subscribers: usize,
    /// The publications before a slice.
    fill: u32,
}

impl Scene {
    /// A slice, and how many had subscribed before and after it.
    fn pace(&mut self) -> Result<(Paced, usize, usize)> {
        let before = self.api.subscribers()?;
        let paced = self.crowd.pace(EACH_SECOND, SIZE_BYTES)?;
        Ok((paced, before, self.api.subscribers()?))
    }

    /// What fills one that does not read, if there is one.
    fn publish(&mut self, count: u32) -> Result<()> {
        self.api.publish_alone(FIRST, SIZE_BYTES)?;
        self.crowd.publish(count, IN_FLIGHT, SIZE_BYTES)
    }

    /// A slice in which all read.
    fn without(&mut self) -> Result<Paced> {
        self.publish(self.fill)?;
        let (paced, before, after) = self.pace()?;
        let all = self.subscribers;
        ensure!((before, after) == (all, all), "{before} subscribers, then {after}, not {all}");
        Ok(paced)
    }

    /// A slice in which one does not, and what became of it. `None`: it was not full all the time, or its
    /// end was not in the slice.
    fn with(&mut self) -> Result<Option<(Paced, Fate)>> {
        self.crowd.stall()?;
        self.publish(self.fill)?;
        let (paced, before, after) = self.pace()?;
        let fate = self.release()?;
        let (all, one_more) = (self.subscribers, self.subscribers + 1);
        let lacks = fate.published.saturating_sub(fate.received);
        let is_so = match self.policy.end {
            Some(_) => (before, after) == (one_more, all),
            None => lacks >= u64::from(A_SLICE),
        };
        if is_so {
            let (end, wanted) = (fate.end, self.policy.end);
            ensure!(end == wanted, "it was parted from with {end:?}, not with {wanted:?}");
            return Ok(Some((paced, fate)));
        }
        // Too early or too late: the next one will be nearer.
        let step = A_SLICE / 4;
        self.fill = if before == all { self.fill - step } else { self.fill + step };
        Ok(None)
    }

    /// After how many publications the server parts from one that does not read.
    fn probe(&mut self) -> Result<u32> {
        self.crowd.stall()?;
        self.publish(SAFE)?;
        let mut published = SAFE;
        while self.api.subscribers()? > self.subscribers {
            ensure!(published < 2 * ENOUGH, "the server does not part from one that does not read");
            self.crowd.publish(1, 1, SIZE_BYTES)?;
            published += 1;
        }
        ensure!(published > SAFE, "the server parts from it too early");
        self.release()?;
        Ok(published)
    }

    /// Has it read again, and waits until the server knows that it is gone.
    fn release(&mut self) -> Result<Fate> {
        let fate = self.crowd.release(SIZE_BYTES)?;
        self.api.expect_subscribers(self.subscribers)?;
        Ok(fate)
    }
}
