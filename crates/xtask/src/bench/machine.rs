//! What a measurement was made on, and when.

use std::fmt;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::process::answer;
use crate::workspace::Workspace;

/// Whatever cannot be found out is a question mark.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Machine {
    /// The processor's name.
    cpu: String,
    /// How many processors this process may use.
    processors: usize,
    kernel: String,
    rustc: String,
    /// The day in UTC.
    date: String,
    /// Longwire's commit.
    revision: String,
    /// The processes that were running on average in the five minutes before.
    load: String,
}

impl Machine {
    /// Asks Linux, rustc and git.
    pub(crate) fn here(workspace: &Workspace) -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let cpus = read("/proc/cpuinfo");
        let cpu = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let ask = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(program);
            answer(command.args(arguments).current_dir(&workspace.root))
        };
        let known = |text: Option<String>| text.unwrap_or_else(|| "?".to_owned());
        let rustc = ask("rustc", &["--version"]);
        Self {
            cpu: known(cpu.map(|(_, name)| name.trim().to_owned())),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: known(Some(read("/proc/sys/kernel/osrelease").trim().to_owned())),
            rustc: known(rustc.and_then(|line| Some(line.split(' ').nth(1)?.to_owned()))),
            date: known(ask("date", &["-u", "+%Y-%m-%d"])),
            revision: known(ask("git", &["describe", "--always", "--dirty=, with changes"])),
            load: known(read("/proc/loadavg").split(' ').nth(1).map(str::to_owned)),
        }
    }

    /// How many processors this process may use.
    pub(crate) fn processors(&self) -> usize {
        self.processors
    }
}

/// A clause such as `AMD EPYC, 2 processors, Linux 6.1.0, rustc 1.95.0, …`.
impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cpu, processors, kernel, rustc, date, revision, load } = self;
        write!(
            f,
            "{date}, {cpu}, {processors} processors, Linux {kernel}, rustc {rustc}, Longwire \
             {revision}; load average of the five minutes before: {load}"
        )
    }
}
