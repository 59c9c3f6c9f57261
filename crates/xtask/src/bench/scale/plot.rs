//! The picture of growth: what a message and what a connection cost, over the number of connections.

use super::super::load::{Slice, rate};
use super::super::plot::Svg;
use super::super::sections::grouped;
use super::results::Growth;

const WIDTH: f64 = 880.0;
const HEIGHT: f64 = 356.0;
const TOP: f64 = 100.0;
const BOTTOM: f64 = 300.0;
const OWN: &str = "#e8590c";
const LIGHT: &str = "#f2b36f";
const RAW: &str = "#2b6cb0";
const PALE: &str = "#9cc9f0";

/// A line of a panel: its name, its figures, its colour, and whether it is dashed.
struct Line<'a> {
    name: &'a str,
    figures: Vec<f64>,
    colour: &'a str,
    dashed: bool,
}

/// Two panels beside each other. Both scales of figures begin at 0, so that what looks flat is flat; that
/// of connections is logarithmic.
pub(super) fn growth(growth: &Growth) -> String {
    let title = "What a message and a connection cost as connections grow";
    let mut svg = Svg::new(WIDTH, HEIGHT, title);
    svg.words((16.0, 24.0), "start", "title", title);
    let line = |name, figures, colour, dashed| Line { name, figures, colour, dashed };
    let micros = |slices: &[Vec<Slice>]| -> Vec<f64> {
        slices.iter().map(|of| rate(of).map_or(f64::NAN, |rate| 1e6 / rate.median)).collect()
    };
    let messages = [
        line("longwire, all in use", micros(&growth.all.longwire), OWN, false),
        line("longwire, 100 in use", micros(&growth.few.longwire), LIGHT, false),
        line("raw TCP, all in use", micros(&growth.all.raw), RAW, true),
        line("raw TCP, 100 in use", micros(&growth.few.raw), PALE, true),
    ];
    let heading = "Microseconds of server CPU time a message";
    panel(&mut svg, (54.0, 424.0), heading, &growth.connections, &messages);
    let echoed = |bytes: &[super::super::idle::Bytes]| -> Vec<f64> {
        bytes.iter().map(|bytes| bytes.after_an_echo).collect()
    };
    let memory = [
        line("longwire", echoed(&growth.memory.longwire), OWN, false),
        line("raw TCP", echoed(&growth.memory.raw), RAW, true),
    ];
    let heading = "Bytes of user-space memory a connection";
    panel(&mut svg, (494.0, 864.0), heading, &growth.connections, &memory);
    svg.finish()
}

fn panel(
    svg: &mut Svg,
    (left, right): (f64, f64),
    heading: &str,
    connections: &[u64],
    lines: &[Line<'_>],
) {
    svg.words((left, 50.0), "start", "own", heading);
    for (number, line) in lines.iter().enumerate() {
        let x = left + (number % 2) as f64 * 185.0;
        let y = 68.0 + (number / 2) as f64 * 16.0;
        svg.curve(&[(x, y - 4.0), (x + 20.0, y - 4.0)], line.colour, line.dashed);
        svg.words((x + 27.0, y), "start", "small", line.name);
    }
    let figures = lines.iter().flat_map(|line| &line.figures).filter(|of| of.is_finite());
    let step = step(figures.copied().fold(1.0, f64::max));
    let most = 4.0 * step;
    let height = |figure: f64| BOTTOM - (BOTTOM - TOP) * figure / most;
    for number in 0..=4 {
        let figure = step * f64::from(number);
        let class = if number == 0 { "line" } else { "grid" };
        svg.line((left, height(figure)), (right, height(figure)), class);
        svg.words((left - 6.0, height(figure) + 4.0), "end", "small", &label(figure));
    }
    let logs: Vec<f64> = connections.iter().map(|of| (*of as f64).ln()).collect();
    let (first, last) = (logs.first().copied(), logs.last().copied());
    let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
    // One number of connections alone stands in the middle.
    let place = |log: f64| {
        let part = if last > first { (log - first) / (last - first) } else { 0.5 };
        left + 14.0 + (right - left - 28.0) * part
    };
    for (connections, log) in connections.iter().zip(&logs) {
        svg.line((place(*log), BOTTOM), (place(*log), BOTTOM + 4.0), "line");
        let words = grouped(*connections as f64);
        svg.words((place(*log), BOTTOM + 18.0), "middle", "small", &words);
    }
    svg.words(((left + right) / 2.0, BOTTOM + 38.0), "middle", "small", "connections");
    for line in lines {
        let points: Vec<_> = logs
            .iter()
            .zip(&line.figures)
            .filter(|(_, figure)| figure.is_finite())
            .map(|(log, figure)| (place(*log), height(*figure)))
            .collect();
        svg.curve(&points, line.colour, line.dashed);
    }
}

/// A round number of which four are at least `most`.
fn step(most: f64) -> f64 {
    let least = most / 4.0;
    let decade = 10f64.powf(least.log10().floor());
    let round = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.5, 10.0].map(|number| number * decade);
    round.into_iter().find(|step| *step >= least).unwrap_or(least)
}

fn label(figure: f64) -> String {
    if figure.fract() == 0.0 { grouped(figure) } else { format!("{figure}") }
}

#[cfg(test)]
mod tests {
    use super::super::results::tests::results;
    use super::*;

    #[test]
    fn scales_end_at_round_numbers_above_the_most() {
        let table =
            [(1.0, 0.25), (7.9, 2.0), (8.1, 2.5), (179.0, 50.0), (201.0, 75.0), (40.0, 10.0)];
        for (most, wanted) in table {
            assert!((step(most) - wanted).abs() < 1e-9, "{most}: {}", step(most));
        }
    }

    #[test]
    fn every_figure_has_a_dot_and_more_is_higher() {
        let svg = growth(&results().growth);
        // Six lines of two figures, and two dots each in the legend.
        assert_eq!(svg.matches("<circle").count(), 6 * (2 + 2), "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        let last: Vec<f64> = svg
            .lines()
            .filter(|line| line.starts_with("<polyline") && line.matches(',').count() == 2)
            .map(|line| {
                let points = line.split('"').nth(1).unwrap();
                points.rsplit(',').next().unwrap().parse().unwrap()
            })
            .collect();
        // After the legend's four: ours costs 200 µs for a message in the end, and raw TCP 62.5.
        let [own, raw] = [last[4], last[6]];
        assert!(own < raw, "{last:?}");
        assert!(((BOTTOM - own) / (BOTTOM - raw) - 200.0 / 62.5).abs() < 0.05, "{last:?}");
    }
}
