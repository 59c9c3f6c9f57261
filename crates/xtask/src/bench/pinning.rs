//! Which processor a program runs on: the servers on one, the load on another, so that the two are not
//! in each other's way, and all servers in the same place.

use std::path::Path;
use std::process::Command;

use crate::process::answer;

/// How many descriptors a program may have; `None` where that is not known, or not limited.
pub(crate) fn descriptor_limit() -> Option<u64> {
    answer(Command::new("sh").args(["-c", "ulimit -H -n"]))?.parse().ok()
}

/// Where a program belongs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cpu {
    Servers,
    Load,
}

impl Cpu {
    fn number(self) -> &'static str {
        match self {
            Self::Servers => "0",
            Self::Load => "1",
        }
    }
}

/// Whether programs can be told where to run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pinning {
    pub(crate) works: bool,
}

/// More descriptors than most systems give a program, for 10,000 connections.
const DESCRIPTORS: u64 = 16_384;

/// So many descriptors, or as many as the program may have. Not simply the latter: where that is a
/// thousand million, some servers ask for memory for all of them.
const LIMITS: &str =
    "ulimit -S -n \"$0\" 2>/dev/null || ulimit -S -n \"$(ulimit -H -n)\"; exec \"$@\"";

impl Pinning {
    /// Tries it: there may be one processor alone, or no `taskset`.
    pub(crate) fn find() -> Self {
        let works = |cpu: Cpu| answer(Command::new("taskset").args(["-c", cpu.number(), "true"]));
        Self { works: works(Cpu::Servers).is_some() && works(Cpu::Load).is_some() }
    }

    /// A program in its place, with descriptors for its connections. The process becomes the program: its
    /// id is the program's.
    pub(crate) fn command(self, cpu: Cpu, program: &Path) -> Command {
        self.command_with(DESCRIPTORS, cpu, program)
    }

    /// The same with so many descriptors.
    pub(crate) fn command_with(self, descriptors: u64, cpu: Cpu, program: &Path) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", LIMITS, &descriptors.to_string()]);
        if self.works {
            command.args(["taskset", "-c", cpu.number()]);
        }
        command.arg(program);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_gets_its_arguments_and_its_descriptors() {
        for works in [Pinning { works: false }, Pinning::find()] {
            let mut command = works.command(Cpu::Servers, Path::new("sh"));
            let text =
                answer(command.args(["-c", "echo \"$(ulimit -n) $1\"", "sh", "a b"])).unwrap();
            let (limit, argument) = text.split_once(' ').unwrap();
            assert_eq!(argument, "a b");
            assert!(limit.parse::<u32>().unwrap() <= 16384, "{limit}");
        }
    }
}
