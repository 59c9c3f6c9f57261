//! One server process with one worker, two, and so on, up to one more than there are processors.

use std::thread::available_parallelism;

use anyhow::Result;

use super::super::pinning::Pinning;
use super::bed::{Bed, Kind, Load};
use super::results::{WithWorkers, Workers};

const CONNECTIONS: u64 = 64;

/// With one message in flight on a connection the worker is woken for each, with more it has several to
/// answer with one write.
const IN_FLIGHT: [u32; 2] = [1, 16];

/// How many workers: powers of two, as many as processors, and one more.
fn counts(processors: usize) -> Vec<usize> {
    let powers = std::iter::successors(Some(1), |workers: &usize| workers.checked_mul(2));
    powers
        .take_while(|workers| *workers < processors)
        .chain([processors, processors.saturating_add(1)])
        .collect()
}

pub(super) fn measure(bed: &Bed<'_>, rounds: u32) -> Result<Vec<Workers>> {
    let counts = counts(available_parallelism().map_or(1, usize::from));
    // Workers and load share all processors.
    let pinning = Pinning { works: false };
    let mut servers = counts
        .iter()
        .map(|workers| bed.start(Kind::Longwire { workers: *workers }, pinning))
        .collect::<Result<Vec<_>>>()?;
    let mut measured = Vec::new();
    for in_flight in IN_FLIGHT {
        bed.log.note(&format!("measuring {counts:?} workers, {in_flight} in flight"));
        let load = Load { connections: CONNECTIONS, in_flight, rounds };
        let report = bed.load(load, &mut servers, pinning)?;
        let with = |(workers, figures): (&usize, super::super::load::Figures)| WithWorkers {
            workers: *workers,
            slices: figures.slices,
            load_cpu_share: figures.own_cpu_share,
        };
        let servers = counts.iter().zip(report.servers).map(with).collect();
        measured.push(Workers { connections: CONNECTIONS, in_flight, servers });
    }
    Ok(measured)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_double_up_to_the_processors_and_then_there_is_one_more() {
        let table: [(usize, &[usize]); 5] = [
            (1, &[1, 2]),
            (2, &[1, 2, 3]),
            (4, &[1, 2, 4, 5]),
            (6, &[1, 2, 4, 6, 7]),
            (8, &[1, 2, 4, 8, 9]),
        ];
        for (processors, wanted) in table {
            assert_eq!(counts(processors), wanted, "{processors}");
        }
    }
}
