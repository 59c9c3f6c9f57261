//! A timing wheel: one deadline for each connection, however many connections there are.
//!
//! Time is cut into ticks, and tick `t` belongs to slot `t % SLOTS`. Each slot is a doubly linked
//! list through `nodes`, which is indexed by the connection's key, so that scheduling and
//! cancelling are a few stores. A deadline further away than one turn of the wheel stays in its
//! slot and is passed over until its turn comes. A bitmap of the occupied slots finds the next one.
//!
//! Deadlines are moved lazily. Most move further away with every byte that comes, and an entry
//! that stands earlier than its deadline is left there: it fires early, and whoever owns it
//! schedules it again for what its deadline is by then. So the wheel is not touched by traffic.

use std::collections::TryReserveError;
use std::time::Duration;

/// How long a tick is: deadlines come late by less than this, and never early.
const TICK_MS: u64 = 50;
const SLOTS: usize = 1024;
const WORD_BITS: usize = u64::BITS as usize;
const NOBODY: u32 = u32::MAX;
const NEVER: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Node {
    previous: u32,
    next: u32,
    /// The tick of its deadline, or `NEVER` where it has none.
    due: u32,
}

const _: () = assert!(size_of::<Node>() == 12, "what a connection's deadline costs");

const UNSCHEDULED: Node = Node { previous: NOBODY, next: NOBODY, due: NEVER };

/// The deadlines of one worker's connections.
pub(crate) struct Wheel {
    nodes: Vec<Node>,
    heads: [u32; SLOTS],
    occupied: [u64; SLOTS / WORD_BITS],
    /// The first tick that has not expired.
    current: u32,
}

impl Wheel {
    pub(crate) fn new(now: Duration) -> Self {
        Self {
            nodes: Vec::new(),
            heads: [NOBODY; SLOTS],
            occupied: [0; SLOTS / WORD_BITS],
            current: ticks_passed(now),
        }
    }

    /// Makes room for the entry of `key`.
    ///
    /// # Errors
    /// There is no memory.
    pub(crate) fn reserve(&mut self, key: usize) -> Result<(), TryReserveError> {
        if key >= self.nodes.len() {
            self.nodes.try_reserve(key + 1 - self.nodes.len())?;
            self.nodes.resize(key + 1, UNSCHEDULED);
        }
        Ok(())
    }

    /// Makes sure that `key`, for which there is [room](Self::reserve), fires at `at` at the
    /// latest. An earlier entry is left as it is.
    pub(crate) fn schedule(&mut self, key: usize, at: Duration) {
        let due = tick_of(at).max(self.current);
        if due < self.nodes[key].due {
            self.cancel(key);
            self.link(key, due);
        }
    }

    /// Forgets the entry of `key`, if there is one.
    pub(crate) fn cancel(&mut self, key: usize) {
        let Some(&node) = self.nodes.get(key).filter(|node| node.due != NEVER) else { return };
        let slot = slot_of(node.due);
        match self.nodes.get_mut(node.previous as usize) {
            Some(previous) => previous.next = node.next,
            None => self.heads[slot] = node.next,
        }
        if let Some(next) = self.nodes.get_mut(node.next as usize) {
            next.previous = node.previous;
        }
        if self.heads[slot] == NOBODY {
            self.occupied[slot / WORD_BITS] &= !(1 << (slot % WORD_BITS));
        }
        self.nodes[key] = UNSCHEDULED;
    }

    /// Takes out what is due by `now`, and adds its keys to `expired`: everything, or as much as
    /// fits there without more memory.
    pub(crate) fn expire(&mut self, now: Duration, expired: &mut Vec<usize>) {
        let last = ticks_passed(now);
        if last < self.current {
            return;
        }
        let passed = ((last - self.current) as usize).saturating_add(1).min(SLOTS);
        let (began, first) = (self.current, slot_of(self.current));
        self.current = last.saturating_add(1);
        let mut distance = 0;
        while let Some(further) = self.occupied_from((first + distance) % SLOTS) {
            distance += further;
            if distance >= passed {
                return;
            }
            if !self.expire_slot((first + distance) % SLOTS, last, expired) {
                // Here it goes on. There are fewer slots than fit a u32.
                self.current = began.saturating_add(u32::try_from(distance).unwrap_or(u32::MAX));
                return;
            }
            distance += 1;
        }
    }

    /// When to call [`expire`](Self::expire) next: no entry is due before.
    pub(crate) fn next_expiry(&self) -> Option<Duration> {
        let distance = self.occupied_from(slot_of(self.current))?;
        let tick = u64::from(self.current) + distance as u64;
        Some(Duration::from_millis(tick.saturating_mul(TICK_MS)))
    }

    /// Whether all of the slot fitted.
    fn expire_slot(&mut self, slot: usize, last: u32, expired: &mut Vec<usize>) -> bool {
        let mut key = self.heads[slot];
        while let Some(&node) = self.nodes.get(key as usize) {
            if node.due <= last {
                if expired.len() == expired.capacity() {
                    return false;
                }
                self.cancel(key as usize);
                expired.push(key as usize);
            }
            key = node.next;
        }
        true
    }

    fn link(&mut self, key: usize, due: u32) {
        let slot = slot_of(due);
        let next = self.heads[slot];
        // A worker has far fewer than 2^32 connections: a key is a place in a slab of them.
        let place = u32::try_from(key).unwrap_or(NOBODY);
        if let Some(next) = self.nodes.get_mut(next as usize) {
            next.previous = place;
        }
        self.nodes[key] = Node { previous: NOBODY, next, due };
        self.heads[slot] = place;
        self.occupied[slot / WORD_BITS] |= 1 << (slot % WORD_BITS);
    }

    /// How many slots further than `slot` the next occupied one is, round the wheel.
    fn occupied_from(&self, slot: usize) -> Option<usize> {
        let words = self.occupied.len();
        let (word, bit) = (slot / WORD_BITS, slot % WORD_BITS);
        let ahead = self.occupied[word] >> bit;
        if ahead != 0 {
            return Some(ahead.trailing_zeros() as usize);
        }
        // The last word of the round is the first one again, for the bits before `bit`.
        (1..=words).find_map(|step| {
            let bits = self.occupied[(word + step) % words];
            (bits != 0).then(|| step * WORD_BITS - bit + bits.trailing_zeros() as usize)
        })
    }
}

fn slot_of(tick: u32) -> usize {
    tick as usize % SLOTS
}

/// The first tick that is not before `at`.
fn tick_of(at: Duration) -> u32 {
    to_tick(at.as_millis().div_ceil(TICK_MS.into()))
}

/// The last tick that is not after `now`.
fn ticks_passed(now: Duration) -> u32 {
    to_tick(now.as_millis() / u128::from(TICK_MS))
}

/// Six years have this many ticks; what is later than that stays at the end.
fn to_tick(ticks: u128) -> u32 {
    u32::try_from(ticks).unwrap_or(u32::MAX).min(NEVER - 1)
}

#[cfg(test)]
mod tests {
    use super::{SLOTS, TICK_MS, Wheel};
    use std::time::Duration;

    const TICK: Duration = Duration::from_millis(TICK_MS);

    fn ticks(ticks: u32) -> Duration {
        TICK * ticks
    }

    fn wheel(now: Duration) -> Wheel {
        let mut wheel = Wheel::new(now);
        wheel.reserve(99).unwrap();
        wheel
    }

    /// Everything that is due, taken out three at a time.
    fn expire(wheel: &mut Wheel, now: Duration) -> Vec<usize> {
        let (mut all, mut some) = (Vec::new(), Vec::with_capacity(3));
        loop {
            wheel.expire(now, &mut some);
            all.append(&mut some);
            if wheel.next_expiry().is_none_or(|at| at > now) {
                break;
            }
        }
        all.sort_unstable();
        all
    }

    #[test]
    fn an_entry_fires_at_its_time_and_once() {
        let mut wheel = wheel(ticks(7));
        wheel.schedule(3, ticks(10));
        assert_eq!(wheel.next_expiry(), Some(ticks(10)));
        assert_eq!(expire(&mut wheel, ticks(10) - Duration::from_nanos(1)), []);
        assert_eq!(expire(&mut wheel, ticks(10)), [3]);
        assert_eq!(expire(&mut wheel, ticks(5000)), []);
        assert_eq!(wheel.next_expiry(), None);
    }

    #[test]
    fn a_deadline_between_two_ticks_is_never_early() {
        let mut wheel = wheel(Duration::ZERO);
        let at = ticks(4) + Duration::from_millis(1);
        wheel.schedule(0, at);
        assert_eq!(expire(&mut wheel, at), []);
        assert_eq!(expire(&mut wheel, ticks(5)), [0]);
    }

    #[test]
    fn an_earlier_entry_stays_and_a_later_one_moves() {
        let mut wheel = wheel(Duration::ZERO);
        wheel.schedule(0, ticks(5));
        wheel.schedule(0, ticks(9));
        assert_eq!(wheel.next_expiry(), Some(ticks(5)));
        wheel.schedule(0, ticks(2));
        assert_eq!(wheel.next_expiry(), Some(ticks(2)));
        assert_eq!(expire(&mut wheel, ticks(9)), [0]);
        assert_eq!(expire(&mut wheel, ticks(99)), []);
    }

    #[test]
    fn what_is_past_already_fires_next() {
        let mut wheel = wheel(ticks(100));
        assert_eq!(expire(&mut wheel, ticks(100)), []);
        wheel.schedule(1, ticks(50));
        assert_eq!(expire(&mut wheel, ticks(100)), []);
        assert_eq!(wheel.next_expiry(), Some(ticks(101)));
        assert_eq!(expire(&mut wheel, ticks(101)), [1]);
    }

    #[test]
    fn a_deadline_beyond_one_turn_waits_for_its_own() {
        let slots = u32::try_from(SLOTS).unwrap();
        let mut wheel = wheel(Duration::ZERO);
        wheel.schedule(0, ticks(3 + 2 * slots));
        wheel.schedule(1, ticks(3));
        assert_eq!(expire(&mut wheel, ticks(3)), [1]);
        assert_eq!(expire(&mut wheel, ticks(3 + slots)), []);
        assert_eq!(expire(&mut wheel, ticks(2 + 2 * slots)), []);
        assert_eq!(expire(&mut wheel, ticks(3 + 2 * slots)), [0]);
    }

    /// Against a table of deadlines that is searched from end to end.
    #[test]
    fn random_schedules_agree_with_a_plain_table() {
        const KEYS: usize = 40;
        for seed in 1..50_u64 {
            let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut random = move |below: u64| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state % below
            };
            let mut wheel = wheel(Duration::ZERO);
            let mut table: [Option<u64>; KEYS] = [None; KEYS];
            let mut now = 0;
            for _ in 0..400 {
                let key = usize::try_from(random(KEYS as u64)).unwrap();
                match random(4) {
                    0 => {
                        wheel.cancel(key);
                        table[key] = None;
                    }
                    1 => {
                        now += random(3000);
                        let due = |at: &Option<u64>| at.is_some_and(|at| at <= now);
                        let expected: Vec<usize> =
                            (0..KEYS).filter(|&key| due(&table[key])).collect();
                        let time = ticks(u32::try_from(now).unwrap());
                        assert!(
                            expected.is_empty() || wheel.next_expiry().unwrap() <= time,
                            "seed {seed}"
                        );
                        assert_eq!(expire(&mut wheel, time), expected, "seed {seed}");
                        expected.iter().for_each(|&key| table[key] = None);
                    }
                    _ => {
                        let at = now + 1 + random(5000);
                        wheel.schedule(key, ticks(u32::try_from(at).unwrap()));
                        table[key] = Some(table[key].map_or(at, |earlier| earlier.min(at)));
                    }
                }
            }
        }
    }
}
