//! What a run of `cargo xtask bench scale` has found out. It is kept as JSON.

use serde::Serialize;

use super::super::idle::Bytes;
use super::super::load::Slice;
use super::super::machine::Machine;

#[derive(Clone, Debug, Serialize)]
pub(super) struct Results {
    pub(super) machine: Machine,
    /// Whether, for connections, servers and load had a processor each.
    pub(super) pinned: bool,
    pub(super) rounds: u32,
    /// How many descriptors a process may have here, where there is a limit.
    pub(super) descriptors: Option<u64>,
    pub(super) workers: Vec<Workers>,
    pub(super) growth: Growth,
}

/// Servers with one worker and more, under the same load.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Workers {
    pub(super) connections: u64,
    pub(super) in_flight: u32,
    pub(super) servers: Vec<WithWorkers>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct WithWorkers {
    pub(super) workers: usize,
    pub(super) slices: Vec<Slice>,
    /// CPU time of the load generator over the time measured.
    pub(super) load_cpu_share: f64,
}

/// Servers with some connections and more.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Growth {
    /// How many; what else there is has a place for each of them.
    pub(super) connections: Vec<u64>,
    /// The memory of each connection.
    pub(super) memory: Beside<Bytes>,
    /// One message in flight on a hundred connections, all others idle.
    pub(super) few: Beside<Vec<Slice>>,
    /// One message in flight on each connection.
    pub(super) all: Beside<Vec<Slice>>,
    /// Connections that come and go beside idle ones.
    pub(super) arrivals: Beside<Vec<Slice>>,
}

/// Longwire beside the raw TCP echo.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Beside<T> {
    pub(super) longwire: Vec<T>,
    pub(super) raw: Vec<T>,
}

impl<T> Beside<T> {
    /// Of figures of the one and the other in turn.
    pub(super) fn of_turns(turns: impl IntoIterator<Item = T>) -> Self {
        let mut beside = Self { longwire: Vec::new(), raw: Vec::new() };
        for (place, figures) in turns.into_iter().enumerate() {
            let side = if place % 2 == 0 { &mut beside.longwire } else { &mut beside.raw };
            side.push(figures);
        }
        beside
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Slices with so many messages in each tenth of a second of CPU time.
    fn slices(messages: &[u64]) -> Vec<Slice> {
        let slice = |messages| Slice { messages, seconds: 0.25, server_cpu_seconds: Some(0.1) };
        messages.iter().copied().map(slice).collect()
    }

    /// Results of two workers and of two numbers of connections.
    pub(in super::super) fn results() -> Results {
        let machine = serde_json::json!({
            "cpu": "a processor", "processors": 2, "kernel": "6.1", "rustc": "1.95.0",
            "date": "2026-01-02", "revision": "abc", "load": "0.00"
        });
        let with = |workers, messages: &[u64]| WithWorkers {
            workers,
            slices: slices(messages),
            load_cpu_share: 0.5,
        };
        let servers = vec![with(1, &[1_000, 1_000]), with(2, &[900, 1_100])];
        let bytes = |idle| Bytes { idle, after_an_echo: idle + 1.0 };
        let turns = || [[1_000], [2_000], [500], [1_600]].map(|messages| slices(&messages));
        Results {
            machine: serde_json::from_value(machine).unwrap(),
            pinned: true,
            rounds: 2,
            descriptors: Some(20_000),
            workers: vec![Workers { connections: 64, in_flight: 16, servers }],
            growth: Growth {
                connections: vec![1_000, 19_000],
                memory: Beside::of_turns([200.0, 40.0, 180.0, 39.0].map(bytes)),
                few: Beside::of_turns(turns()),
                all: Beside::of_turns(turns()),
                arrivals: Beside::of_turns(turns()),
            },
        }
    }

    #[test]
    fn turns_are_ours_and_the_raw_echos() {
        let beside = Beside::of_turns([1, 2, 3, 4]);
        assert_eq!(beside, Beside { longwire: vec![1, 3], raw: vec![2, 4] });
    }
}
