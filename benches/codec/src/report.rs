//! What came out of a measurement, as data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::row::{Row, Side};
use crate::statistics::Summary;

/// One implementation in one row.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Cell {
    pub(crate) implementation: &'static str,
    #[serde(skip)]
    pub(crate) side: Side,
    /// Of the thread's CPU time, a message.
    pub(crate) nanoseconds: Summary,
    /// How many times as long as Longwire it takes: of the ratios of the rounds.
    pub(crate) times_longwire: Option<Summary>,
    /// Payload bytes a nanosecond.
    pub(crate) gigabytes_per_second: f64,
    /// A message, where they were counted.
    pub(crate) instructions: Option<f64>,
    /// A message, in the steady state, where they were counted.
    pub(crate) allocations: Option<f64>,
    /// Bytes on the wire for each byte of payload, where that is a question.
    pub(crate) output_share: Option<f64>,
}

/// One row.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) id: String,
    pub(crate) table: &'static str,
    pub(crate) name: String,
    pub(crate) bytes: usize,
    pub(crate) cells: Vec<Cell>,
}

impl Line {
    pub(crate) fn new(row: &Row, cells: Vec<Cell>) -> Self {
        let (table, name) = (row.table, row.name.clone());
        Self { id: row.id(), table, name, bytes: row.bytes, cells }
    }

    /// The figures of an implementation.
    pub(crate) fn cell(&self, implementation: &str) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.implementation == implementation)
    }

    /// The peer that takes least of all.
    pub(crate) fn fastest_peer(&self) -> Option<&Cell> {
        let peers = self.cells.iter().filter(|cell| cell.side == Side::Peer);
        peers.min_by(|a, b| a.nanoseconds.median.total_cmp(&b.nanoseconds.median))
    }
}

/// Figures counted by another program: by row and implementation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counts(BTreeMap<String, BTreeMap<String, f64>>);

impl Counts {
    pub(crate) fn insert(&mut self, row: &str, implementation: &str, count: f64) {
        self.0.entry(row.to_owned()).or_default().insert(implementation.to_owned(), count);
    }

    pub(crate) fn of(&self, row: &str, implementation: &str) -> Option<f64> {
        self.0.get(row)?.get(implementation).copied()
    }
}
