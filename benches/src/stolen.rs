//! How long this machine's processors have been kept from it, from what Linux says of it: on a virtual
//! machine the host may have others run on them in the middle of anything.

use anyhow::{Context as _, Result};
use std::fs;

/// The time since the machine's start that the host gave to others while a processor had something to do:
/// of all processors, in hundredths of a second. 0 where the machine is not virtual, or its host says
/// nothing of it.
///
/// # Errors
/// This is not Linux.
pub fn stolen_time() -> Result<u64> {
    let path = "/proc/stat";
    parse(&fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?)
}

/// The eighth figure of the first line, which is the sum of all processors.
fn parse(stat: &str) -> Result<u64> {
    let all = stat.lines().find_map(|line| line.strip_prefix("cpu "));
    let stolen = all.and_then(|figures| figures.split_whitespace().nth(7));
    stolen.context("no stolen time in /proc/stat")?.parse().context("no number in /proc/stat")
}

#[cfg(test)]
mod tests {
    use super::{parse, stolen_time};

    #[test]
    fn the_eighth_figure_of_all_processors() {
        let stat = "cpu  10 20 30 40 50 60 70 80 90 100\ncpu0 1 2 3 4 5 6 7 8 9 10\nintr 1 2 3\n";
        assert_eq!(parse(stat).unwrap(), 80);
        for stat in
            ["", "cpu0 1 2 3 4 5 6 7 8 9 10\n", "cpu  1 2 3 4 5 6 7\n", "cpu  1 2 3 4 5 6 7 x\n"]
        {
            assert!(parse(stat).is_err(), "{stat:?}");
        }
    }

    #[test]
    fn it_does_not_go_back() {
        let before = stolen_time().unwrap();
        assert!(stolen_time().unwrap() >= before);
    }
}
