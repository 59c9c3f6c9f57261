//! Runs steps one after the other, and ends with a table of their verdicts.

use std::fmt;
use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::missing::Missing;
use crate::process::Log;
use crate::steps::Step;
use crate::workspace::Workspace;

/// How much is shown of a failed step's output, which lies in its log in full.
const SHOWN_LINES: usize = 100;

/// How a step ended.
#[derive(Debug)]
enum Verdict {
    Passed,
    Failed(anyhow::Error),
    Skipped(Missing),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "passed",
            Self::Failed(_) => "FAILED",
            Self::Skipped(_) => "skipped",
        })
    }
}

impl Verdict {
    /// A step that could not be set up is skipped, or has failed where `required` says that it
    /// could have been set up and had to be, or where its time is up.
    fn of(outcome: Result<()>, required: bool, time_is_up: bool) -> Self {
        match outcome.map_err(|error| error.downcast::<Missing>()) {
            Ok(()) => Self::Passed,
            Err(Ok(missing)) if time_is_up => Self::Failed(missing.into()),
            Err(Ok(missing)) if required && missing.has_remedy() => Self::Failed(missing.into()),
            Err(Ok(missing)) => Self::Skipped(missing),
            Err(Err(error)) => Self::Failed(error),
        }
    }
}

/// Runs all steps, whatever becomes of each, and prints the table. `false` where one has failed.
pub(crate) fn run(workspace: &Workspace, steps: &[&Step]) -> Result<bool> {
    let required = std::env::var("CI").is_ok_and(|value| value == "true");
    let mut rows = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        print!("[{:2}/{}] {:20} ", number + 1, steps.len(), step.name);
        std::io::stdout().flush()?;
        let log = Log::create(&workspace.log_path(step.name), false)?.with_limit(step.limit());
        let start = Instant::now();
        let verdict = Verdict::of((step.run)(workspace, &log), required, log.time_is_up());
        let time = start.elapsed();
        println!("{verdict:8} {}", seconds(time));
        match &verdict {
            Verdict::Passed => {}
            Verdict::Skipped(missing) => println!("        skipped: {missing}"),
            Verdict::Failed(error) => {
                print!("{}", log.tail(SHOWN_LINES));
                println!("        failed: {error:#}; its output is in {}", log.path().display());
            }
        }
        rows.push((step.name, verdict, time));
    }
    print_table(&rows);
    Ok(!rows.iter().any(|(_, verdict, _)| matches!(verdict, Verdict::Failed(_))))
}

fn print_table(rows: &[(&str, Verdict, Duration)]) {
    println!("\n{:20} {:8} {:>9}", "step", "verdict", "time");
    for (name, verdict, time) in rows {
        println!("{name:20} {verdict:8} {}", seconds(*time));
    }
    for (name, verdict, _) in rows {
        if let Verdict::Skipped(missing) = verdict {
            println!("skipped: {name} ({missing})");
        }
    }
    let count = |kind: fn(&Verdict) -> bool| rows.iter().filter(|row| kind(&row.1)).count();
    println!(
        "{} passed, {} failed, {} skipped",
        count(|verdict| matches!(verdict, Verdict::Passed)),
        count(|verdict| matches!(verdict, Verdict::Failed(_))),
        count(|verdict| matches!(verdict, Verdict::Skipped(_))),
    );
}

fn seconds(time: Duration) -> String {
    format!("{:7.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_set_up_is_skipped_or_on_ci_failed() {
        type Outcome = fn() -> Result<()>;
        let table: [(Outcome, &str, &str); 5] = [
            (|| Ok(()), "passed", "passed"),
            (|| Err(anyhow::anyhow!("broken")), "FAILED", "FAILED"),
            (|| Err(Missing::with_remedy("no tool", "x")), "skipped", "FAILED"),
            (
                || Err(Missing::with_remedy("no tool", "x").context("setting up")),
                "skipped",
                "FAILED",
            ),
            (|| Err(Missing::without_remedy("no database")), "skipped", "skipped"),
        ];
        for (outcome, here, on_ci) in table {
            assert_eq!(Verdict::of(outcome(), false, false).to_string(), here);
            assert_eq!(Verdict::of(outcome(), true, false).to_string(), on_ci);
            let after_its_time = if here == "passed" { "passed" } else { "FAILED" };
            assert_eq!(Verdict::of(outcome(), false, true).to_string(), after_its_time);
        }
    }
}
