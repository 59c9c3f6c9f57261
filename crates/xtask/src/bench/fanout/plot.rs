//! The picture of publications to many: bars for each workload, on a logarithmic scale, since what a
//! server sends together makes ten times a difference.

use super::super::plot::{COLOURS, Svg, legend};
use super::super::sections::count;
use super::results::Results;
use super::text::shape;

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 988.0;
const TOP: f64 = 76.0;
const BOTTOM: f64 = 352.0;

/// Where the scale begins, in deliveries a second of CPU time.
const LEAST: f64 = 10_000.0;
/// The lines of a decade.
const STEPS: [f64; 3] = [1.0, 2.0, 5.0];

/// Deliveries for each second of CPU time.
pub(super) fn throughput(results: &Results) -> String {
    let names: Vec<&str> = results.servers.iter().map(|server| server.name.as_str()).collect();
    let title = "Deliveries for each second of server CPU time (logarithmic)";
    let mut svg = Svg::new(WIDTH, HEIGHT, title);
    svg.words((LEFT, 24.0), "start", "title", title);
    legend(&mut svg, LEFT, 48.0, RIGHT, &names);

    let runs = &results.throughput;
    let rates = runs.iter().flat_map(|run| names.iter().filter_map(|name| run.rate(name)));
    let most = rates.map(|rate| rate.p75).fold(LEAST * 10.0, f64::max);
    let height = |rate: f64| {
        BOTTOM - (BOTTOM - TOP) * (rate.max(LEAST) / LEAST).log10() / (most / LEAST).log10()
    };
    let mut decade = LEAST;
    while decade <= most {
        for rate in STEPS.map(|step| decade * step).into_iter().filter(|rate| *rate <= most) {
            svg.line((LEFT, height(rate)), (RIGHT, height(rate)), "grid");
            svg.words((LEFT - 6.0, height(rate) + 4.0), "end", "small", &count(rate));
        }
        decade *= 10.0;
    }
    let group = (RIGHT - LEFT) / runs.len().max(1) as f64;
    let bar = group * 0.86 / names.len().max(1) as f64;
    for (place, run) in runs.iter().enumerate() {
        let left = LEFT + group * place as f64;
        for (number, name) in names.iter().enumerate() {
            let Some(rate) = run.rate(name) else { continue };
            let x = left + group * 0.07 + bar * number as f64;
            let y = height(rate.median);
            svg.bar(x, y, bar - 1.0, BOTTOM - y, COLOURS[number % COLOURS.len()]);
            let middle = x + (bar - 1.0) / 2.0;
            svg.line((middle, height(rate.p25)), (middle, height(rate.p75)), "line");
        }
        let shape = shape(&run.workload);
        let (size, in_flight) = shape.rsplit_once(", ").unwrap_or((&shape, ""));
        let middle = left + group / 2.0;
        svg.words((middle, BOTTOM + 18.0), "middle", "own", size);
        svg.words((middle, BOTTOM + 34.0), "middle", "small", in_flight);
    }
    let note = "subscribers × length, publications in flight. The thin lines are the 25th to the 75th \
                percentile.";
    svg.words((LEFT, HEIGHT - 9.0), "start", "small", note);
    svg.finish()
}

#[cfg(test)]
mod tests {
    use super::super::results::tests::results;
    use super::*;

    #[test]
    fn every_server_has_a_bar_in_every_workload() {
        let svg = throughput(&results());
        let bars = svg.matches("<rect").count();
        // The paper, the legend's three, and three for each of two workloads.
        assert_eq!(bars, 1 + 3 + 3 * 2);
        assert!(svg.contains(">1,000 × 128 B</text>") && svg.contains(">16 in flight</text>"));
        assert!(svg.contains(">1.00 M</text>"));
    }
}
