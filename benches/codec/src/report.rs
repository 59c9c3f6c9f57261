//! What came out of a measurement, as data.

use serde::Serialize;
use std::collections::BTreeMap;

use crate::statistics::Summary;

/// One implementation in one row.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Cell {
    pub(crate) implementation: &'static str,
    /// Of the thread's CPU time.
    pub(crate) nanoseconds: Summary,
    /// Payload bytes a nanosecond.
    pub(crate) gigabytes_per_second: f64,
    pub(crate) instructions: Option<f64>,
    pub(crate) allocations: Option<f64>,
    /// Bytes out for each byte in, where that is a question.
    pub(crate) ratio: Option<f64>,
}

/// One row.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) id: String,
    pub(crate) table: &'static str,
    pub(crate) name: String,
    pub(crate) bytes: usize,
    pub(crate) cells: Vec<Cell>,
    /// How many times as long the others take as Longwire does: medians of the rounds' ratios.
    pub(crate) times_longwire: BTreeMap<&'static str, Summary>,
}
