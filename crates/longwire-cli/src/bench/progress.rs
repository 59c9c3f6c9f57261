//! What the user sees meanwhile, on standard error: on a terminal one line that changes, elsewhere
//! a line now and then.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

const TERMINAL_PACE: Duration = Duration::from_millis(100);
const OTHER_PACE: Duration = Duration::from_secs(10);

pub(super) struct Progress {
    is_terminal: bool,
    last: Instant,
    /// There is a line on the terminal that the next one replaces.
    has_line: bool,
}

impl Progress {
    pub(super) fn new() -> Self {
        let is_terminal = io::stderr().is_terminal();
        Self { is_terminal, last: Instant::now(), has_line: false }
    }

    /// Says how far it is, if it is time for that.
    pub(super) fn say(&mut self, text: impl FnOnce() -> String) {
        let pace = if self.is_terminal { TERMINAL_PACE } else { OTHER_PACE };
        if self.last.elapsed() < pace {
            return;
        }
        self.last = Instant::now();
        if self.is_terminal {
            self.has_line = true;
            self.write(&format!("\r\x1b[K{}", text()));
        } else {
            self.write(&format!("{}\n", text()));
        }
    }

    fn write(&self, text: &str) {
        // Who does not look does not hold up the measuring.
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

impl Drop for Progress {
    /// Leaves a clean line for what is printed next.
    fn drop(&mut self) {
        if self.has_line {
            self.write("\r\x1b[K");
        }
    }
}
