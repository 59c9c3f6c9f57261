//! The pictures of servers beside each other, as SVG: bars, lines and words are all that they take.
//!
//! Each brings its own background and follows the reader's preference for a dark one. Colours beside
//! each other differ in lightness too, so that they can be told apart without colour.

use std::fmt::Write as _;

use super::results::Results;
use super::sections::grouped;
use super::servers::{LONGWIRE, RAW};

const STYLE: &str = "\
<style>
.paper { fill: #ffffff } text { fill: #24292f; font: 12px system-ui, sans-serif }
.title { font-size: 15px; font-weight: 600 } .small { font-size: 11px; fill: #57606a }
.own { font-weight: 700 } .grid { stroke: #d0d7de } .line { stroke: #24292f }
@media (prefers-color-scheme: dark) {
.paper { fill: #0d1117 } text { fill: #e6edf3 } .small { fill: #9198a1 }
.grid { stroke: #30363d } .line { stroke: #e6edf3 } }
</style>
";

/// Of the servers in their order, the reference not counted: ours stands out, the others alternate
/// between light and dark.
pub(super) const COLOURS: [&str; 9] = [
    "#e8590c", "#9cc9f0", "#2b6cb0", "#a8dba8", "#2f855a", "#cdb8ea", "#7e57c2", "#e6d49c",
    "#8d6e3a",
];

/// About the width of a letter, for what has to stand beside a word.
const LETTER: f64 = 6.6;

/// A picture in the making. Lengths are in pixels.
pub(super) struct Svg {
    text: String,
}

impl Svg {
    pub(super) fn new(width: f64, height: f64, title: &str) -> Self {
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"img\">\n<title>{}</title>\n{STYLE}",
            escaped(title)
        );
        let _ = writeln!(text, "<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>");
        Self { text }
    }

    pub(super) fn bar(&mut self, x: f64, y: f64, width: f64, height: f64, colour: &str) {
        let _ = writeln!(
            self.text,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{colour}\"/>"
        );
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = writeln!(
            self.text,
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        );
    }

    /// A line through several points, and a dot at each.
    pub(super) fn curve(&mut self, points: &[(f64, f64)], colour: &str, dashed: bool) {
        let path: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let dashes = if dashed { " stroke-dasharray=\"5 4\"" } else { "" };
        let _ = writeln!(
            self.text,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"{dashes}/>",
            path.join(" ")
        );
        for (x, y) in points {
            let _ = writeln!(
                self.text,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.2\" fill=\"{colour}\"/>"
            );
        }
    }

    /// Words whose `anchor` (start, middle, end) is at that place.
    pub(super) fn words(&mut self, (x, y): (f64, f64), anchor: &str, class: &str, words: &str) {
        let _ = writeln!(
            self.text,
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
            escaped(words)
        );
    }

    pub(super) fn finish(mut self) -> String {
        self.text.push_str("</svg>\n");
        self.text
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Messages for each second of CPU time beside raw TCP: a group of bars for each workload.
pub(crate) fn throughput(results: &Results) -> String {
    const WIDTH: f64 = 1000.0;
    const HEIGHT: f64 = 432.0;
    const LEFT: f64 = 44.0;
    const RIGHT: f64 = 988.0;
    const TOP: f64 = 92.0;
    const BOTTOM: f64 = 366.0;
    let names = results.servers.iter().map(|server| server.name.as_str());
    let names: Vec<&str> = names.filter(|name| *name != RAW).collect();
    let title = "Messages for each second of server CPU time, raw TCP echo = 1";
    let mut svg = Svg::new(WIDTH, HEIGHT, title);
    svg.words((LEFT, 24.0), "start", "title", title);
    legend(&mut svg, LEFT, 46.0, RIGHT, &names);

    let ratios =
        results.echo.iter().flat_map(|run| names.iter().filter_map(|name| run.to_raw(name)));
    let highest = ratios.map(|ratio| ratio.p75).fold(1.0, f64::max);
    let steps = (highest * 4.0).ceil();
    let height = |ratio: f64| BOTTOM - (BOTTOM - TOP) * (ratio / (steps / 4.0)).min(1.0);
    let mut step = 0.0;
    while step <= steps {
        let y = height(step / 4.0);
        // One is what all is measured by.
        svg.line((LEFT, y), (RIGHT, y), if step == 4.0 { "line" } else { "grid" });
        svg.words((LEFT - 6.0, y + 4.0), "end", "small", &format!("{:.2}", step / 4.0));
        step += 1.0;
    }
    let group = (RIGHT - LEFT) / results.echo.len().max(1) as f64;
    let bar = group * 0.86 / names.len().max(1) as f64;
    for (place, run) in results.echo.iter().enumerate() {
        let left = LEFT + group * place as f64;
        for (number, name) in names.iter().enumerate() {
            let Some(ratio) = run.to_raw(name) else { continue };
            let x = left + group * 0.07 + bar * number as f64;
            let y = height(ratio.median);
            svg.bar(x, y, bar - 1.0, BOTTOM - y, COLOURS[number % COLOURS.len()]);
            let middle = x + (bar - 1.0) / 2.0;
            svg.line((middle, height(ratio.p25)), (middle, height(ratio.p75)), "line");
        }
        let middle = left + group / 2.0;
        svg.words((middle, BOTTOM + 18.0), "middle", "own", &run.name);
        svg.words((middle, BOTTOM + 34.0), "middle", "small", &run.shape);
    }
    let note = "connections × messages in flight × length; t: text. The thin lines are the 25th to the \
                75th percentile.";
    svg.words((LEFT, HEIGHT - 9.0), "start", "small", note);
    svg.finish()
}

/// The colours and their names, in as many lines as they take.
pub(super) fn legend(svg: &mut Svg, left: f64, top: f64, right: f64, names: &[&str]) {
    let (mut x, mut y) = (left, top);
    for (number, name) in names.iter().enumerate() {
        let width = 18.0 + name.chars().count() as f64 * LETTER + 18.0;
        if x + width > right {
            (x, y) = (left, y + 18.0);
        }
        svg.bar(x, y - 10.0, 12.0, 12.0, COLOURS[number % COLOURS.len()]);
        let class = if *name == LONGWIRE { "own" } else { "" };
        svg.words((x + 18.0, y), "start", class, name);
        x += width;
    }
}

/// Bytes of an idle connection, on a logarithmic scale: two bars for each server.
pub(crate) fn memory(results: &Results) -> String {
    const WIDTH: f64 = 760.0;
    const ROW: f64 = 40.0;
    const LEFT: f64 = 132.0;
    const RIGHT: f64 = 690.0;
    const TOP: f64 = 74.0;
    const PLAIN: &str = "#2b6cb0";
    const DEFLATE: &str = "#f2b36f";
    /// Where the scale begins: less cannot be told from nothing.
    const LEAST: f64 = 10.0;
    let bottom = TOP + ROW * results.idle.len() as f64;
    let title = "Bytes of user-space memory for an idle connection that has echoed a message";
    let mut svg = Svg::new(WIDTH, bottom + 42.0, title);
    svg.words((16.0, 24.0), "start", "title", title);
    for (x, colour, name) in
        [(16.0, PLAIN, "without compression"), (186.0, DEFLATE, "with permessage-deflate")]
    {
        svg.bar(x, 38.0, 12.0, 12.0, colour);
        svg.words((x + 18.0, 48.0), "start", "", name);
    }
    let figures = results.idle.iter().flat_map(|idle| [Some(idle.plain), idle.deflate]).flatten();
    let most = figures.map(|bytes| bytes.after_an_echo).fold(LEAST * 10.0, f64::max);
    let decades = (most / LEAST).log10().ceil();
    let place = |bytes: f64| LEFT + (RIGHT - LEFT) * (bytes.max(LEAST) / LEAST).log10() / decades;
    let mut decade = LEAST;
    while decade <= LEAST * 10f64.powf(decades) * 1.01 {
        svg.line((place(decade), TOP - 6.0), (place(decade), bottom), "grid");
        let label = match decade {
            mega if mega >= 1e6 => format!("{:.0} M", mega / 1e6),
            kilo if kilo >= 1e3 => format!("{:.0} k", kilo / 1e3),
            bytes => format!("{bytes:.0}"),
        };
        svg.words((place(decade), bottom + 16.0), "middle", "small", &label);
        decade *= 10.0;
    }
    for (number, idle) in results.idle.iter().enumerate() {
        let top = TOP + ROW * number as f64;
        let class = if idle.server == LONGWIRE { "own" } else { "" };
        let height = if idle.deflate.is_some() { 14.0 } else { 28.0 };
        svg.words((LEFT - 10.0, top + 22.0), "end", class, &idle.server);
        let bars = [(Some(idle.plain), PLAIN), (idle.deflate, DEFLATE)];
        for (row, (bytes, colour)) in (0..).zip(bars) {
            let Some(bytes) = bytes.map(|bytes| bytes.after_an_echo) else { continue };
            let y = top + 4.0 + f64::from(row) * 15.0;
            svg.bar(LEFT, y, (place(bytes) - LEFT).max(2.0), height, colour);
            let middle = y + height / 2.0 + 4.0;
            svg.words(
                (place(bytes).max(LEFT + 2.0) + 6.0, middle),
                "start",
                "small",
                &grouped(bytes),
            );
        }
    }
    let connections = grouped(results.idle_connections as f64);
    let note = format!("{connections} connections to each server; logarithmic scale");
    svg.words((LEFT, bottom + 34.0), "start", "small", &note);
    svg.finish()
}

#[cfg(test)]
mod tests {
    use super::super::results::tests::results;
    use super::*;

    /// The names of the elements that are open at the end, of a text whose elements are closed in order.
    fn open_elements(svg: &str) -> Vec<&str> {
        let mut open = Vec::new();
        for tag in svg.split('<').skip(1) {
            let (tag, _) = tag.split_once('>').unwrap();
            let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap();
            if tag.starts_with('/') {
                assert_eq!(open.pop(), Some(name), "in {svg}");
            } else if !tag.ends_with('/') {
                open.push(name);
            }
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        }
        open
    }

    #[test]
    fn pictures_are_well_formed_and_have_a_bar_for_each_figure() {
        let mut results = results();
        results.servers[2].name = "a <slow> & \"odd\" one".to_owned();
        for (picture, bars, words) in [
            // The background, three colours, three bars in each of two groups less the renamed one.
            (throughput(&results), 1 + 3 + 2 * 2, "a &lt;slow&gt; &amp; &quot;odd&quot; one"),
            // The background, two colours, five figures.
            (memory(&results), 1 + 2 + 5, ">131,073<"),
        ] {
            assert_eq!(open_elements(&picture), [""; 0]);
            assert_eq!(picture.matches("<rect").count(), bars, "{picture}");
            assert!(picture.contains(words), "{picture}");
            assert!(!picture.contains("NaN") && !picture.contains("inf"), "{picture}");
        }
    }

    #[test]
    fn a_longer_bar_is_more() {
        let bar = |svg: &str, colour: &str, attribute: &str| -> Vec<f64> {
            let bars =
                svg.lines().filter(|line| line.starts_with("<rect") && line.contains(colour));
            let value = |line: &str| {
                line.split_once(attribute).unwrap().1.split('"').next().unwrap().parse().unwrap()
            };
            bars.map(value).collect()
        };
        let results = results();
        // Each after the one in the legend: ours 0.97, the slow one 0.1, the fast one 0.5 of raw TCP.
        let svg = throughput(&results);
        let heights = [0, 1, 2].map(|number| bar(&svg, COLOURS[number], " height=\"")[1]);
        assert!(heights[0] > heights[2] && heights[2] > heights[1], "{heights:?}");
        assert!((heights[2] / heights[1] - 5.0).abs() < 0.05, "{heights:?}");
        // 101, 301 and 131,073 bytes: a decade is as long everywhere.
        let widths = bar(&memory(&results), "#2b6cb0", " width=\"");
        let decade =
            |from: usize, to: usize, ratio: f64| (widths[to] - widths[from]) / ratio.log10();
        assert!(
            (decade(1, 2, 301.0 / 101.0) - decade(2, 3, 131_073.0 / 301.0)).abs() < 1.0,
            "{widths:?}"
        );
    }
}
