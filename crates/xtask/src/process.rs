//! Child processes: run to the end with a time limit, or kept in the background as a server.
//!
//! Every line that a child prints goes to a log. A child is killed, with all that it has started, when
//! its time or that of its step is up and when the value that holds it is dropped, so a failure in
//! the middle leaves none behind.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Error, Result, anyhow, bail, ensure};

use crate::tree;

/// How often a running child is asked whether it has ended.
const POLL: Duration = Duration::from_millis(20);

/// How long output may still come after a child has ended, from processes that it left behind.
const DRAIN: Duration = Duration::from_secs(2);

/// Where the output of a step goes: a file, and the terminal too when it is live. It knows, too, until
/// when the step may run.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    path: PathBuf,
    file: Arc<Mutex<File>>,
    live: bool,
    limit: Option<StepLimit>,
}

/// The time that a step may take, all of its children together.
#[derive(Clone, Copy, Debug)]
struct StepLimit {
    time: Duration,
    deadline: Instant,
}

impl Log {
    /// Starts an empty log at `path`. A live one shows its notes on standard output too.
    pub(crate) fn create(path: &Path, live: bool) -> Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file =
            File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { path: path.to_owned(), file: Arc::new(Mutex::new(file)), live, limit: None })
    }

    /// The log of a step that begins now. When `time` is up, whoever waits for a child of the step
    /// ends that child and gets an error.
    pub(crate) fn with_limit(mut self, time: Duration) -> Self {
        self.limit = Some(StepLimit { time, deadline: Instant::now() + time });
        self
    }

    /// Whether the step has had its time.
    pub(crate) fn time_is_up(&self) -> bool {
        self.limit.is_some_and(|limit| Instant::now() >= limit.deadline)
    }

    /// When `limit` will have passed, or the time of the step.
    fn deadline(&self, limit: Duration) -> Instant {
        let deadline = Instant::now() + limit;
        self.limit.map_or(deadline, |step| step.deadline.min(deadline))
    }

    /// Writes a line of a child's output.
    fn line(&self, text: &str) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk must not hide the verdict of the step, which does not depend on the log.
        drop(writeln!(file, "{text}"));
    }

    /// Writes a line of our own, for whoever reads the terminal.
    pub(crate) fn note(&self, text: &str) {
        self.line(text);
        if self.live {
            println!("{text}");
        }
    }

    /// Its last lines, at most `count`.
    pub(crate) fn tail(&self, count: usize) -> String {
        let bytes = std::fs::read(&self.path).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let start = text.rmatch_indices('\n').nth(count).map_or(0, |(newline, _)| newline + 1);
        text[start..].to_owned()
    }

    /// Where the log lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// A running child. Dropping it kills it and all that it has started.
#[derive(Debug)]
pub(crate) struct Child {
    process: std::process::Child,
    name: String,
    started: Instant,
    lines: Receiver<String>,
    log: Log,
}

impl Child {
    /// Starts a command with its output going to the log, and an open pipe as its input, so that a
    /// server that watches its input learns of our end.
    pub(crate) fn spawn(command: &mut Command, log: &Log) -> Result<Self> {
        Self::start(command, Stdio::piped(), log)
    }

    fn start(command: &mut Command, stdin: Stdio, log: &Log) -> Result<Self> {
        let name = shown(command);
        log.line(&format!("$ {name}"));
        let started = Instant::now();
        let mut process = command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start `{name}`"))?;
        let (sender, lines) = mpsc::channel();
        if let Some(stdout) = process.stdout.take() {
            forward(stdout, log.clone(), sender.clone());
        }
        if let Some(stderr) = process.stderr.take() {
            forward(stderr, log.clone(), sender);
        }
        Ok(Self { process, name, started, lines, log: log.clone() })
    }

    /// Waits for the child's end, handing each of its lines to `on_line`.
    ///
    /// # Errors
    ///
    /// When `limit` passes first, or the time of the step; the child is killed then.
    pub(crate) fn wait(
        &mut self,
        limit: Duration,
        mut on_line: impl FnMut(&str),
    ) -> Result<ExitStatus> {
        let deadline = self.log.deadline(limit);
        let status = loop {
            while let Ok(line) = self.lines.try_recv() {
                on_line(&line);
            }
            if let Some(status) = self.process.try_wait()? {
                break status;
            }
            if Instant::now() >= deadline {
                return Err(self.stop());
            }
            if let Ok(line) = self.lines.recv_timeout(POLL) {
                on_line(&line);
            }
        };
        self.drain(on_line);
        Ok(status)
    }

    /// Takes the lines that are left after its end.
    fn drain(&mut self, mut on_line: impl FnMut(&str)) {
        let deadline = Instant::now() + DRAIN;
        while let Ok(line) = self.lines.recv_timeout(deadline - Instant::now().min(deadline)) {
            on_line(&line);
        }
    }

    /// Ends it because its time is up: the error that says so.
    fn stop(&mut self) -> Error {
        let seconds = self.started.elapsed().as_secs();
        let ended = self.kill();
        self.drain(|_| {});
        ended.iter().for_each(|process| self.log.line(&format!("ended {process}")));
        let stopped = format!("`{}` was stopped after {seconds} seconds", self.name);
        match self.log.limit.filter(|_| self.log.time_is_up()) {
            Some(step) => anyhow!("{stopped}: the {} of the step were over", step.time.as_secs()),
            None => Error::msg(stopped),
        }
    }

    /// Writes a line to the child's standard input.
    pub(crate) fn say(&mut self, line: &str) -> Result<()> {
        let stdin = self.process.stdin.as_mut().context("the child has no input")?;
        writeln!(stdin, "{line}").with_context(|| format!("`{}` does not listen", self.name))
    }

    /// Waits for a line that begins with `prefix` and returns what follows it.
    ///
    /// # Errors
    ///
    /// When the child ends or `limit` passes without such a line, or the time of the step.
    pub(crate) fn wait_for_line(&mut self, prefix: &str, limit: Duration) -> Result<String> {
        let deadline = self.log.deadline(limit);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    if let Some(rest) = line.strip_prefix(prefix) {
                        return Ok(rest.trim().to_owned());
                    }
                }
                Err(RecvTimeoutError::Timeout) if self.log.time_is_up() => return Err(self.stop()),
                Err(RecvTimeoutError::Timeout) => bail!(
                    "`{}` did not print a line beginning with {prefix:?} within {} seconds",
                    self.name,
                    limit.as_secs()
                ),
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("`{}` ended before a line beginning with {prefix:?}", self.name)
                }
            }
        }
    }

    /// The next line that the child prints, if there is one within `limit`.
    pub(crate) fn next_line(&mut self, limit: Duration) -> Option<String> {
        self.lines.recv_timeout(limit).ok()
    }

    /// How the child ended, once it has.
    pub(crate) fn status(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.process.try_wait()?)
    }

    /// Fails where the child, a server that should still be there, has ended. When the time of the
    /// step is up, it has to.
    pub(crate) fn expect_running(&mut self) -> Result<()> {
        match self.process.try_wait()? {
            None if self.log.time_is_up() => Err(self.stop()),
            None => Ok(()),
            Some(status) => bail!("`{}` ended on its own: {status}", self.name),
        }
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// How many descriptors it has open. Linux only.
    pub(crate) fn count_descriptors(&self) -> Result<usize> {
        let folder = format!("/proc/{}/fd", self.id());
        Ok(std::fs::read_dir(&folder).with_context(|| folder)?.count())
    }

    /// Ends it and what it has started, and says what that was. Nothing happens to one that has
    /// ended by itself.
    fn kill(&mut self) -> Vec<String> {
        let running = matches!(self.process.try_wait(), Ok(None));
        let ended = if running { tree::end(self.id()) } else { Vec::new() };
        // Both fail only when the child has been waited for already.
        drop(self.process.kill());
        drop(self.process.wait());
        ended
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Copies a child's output, line by line, to the log and to the channel, until it ends.
fn forward(stream: impl Read + Send + 'static, log: Log, lines: Sender<String>) {
    thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut bytes = Vec::new();
        while stream.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
            let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
            log.line(&line);
            // The receiver is gone once nobody waits any more; the log still wants the rest.
            drop(lines.send(line));
            bytes.clear();
        }
    });
}

/// Runs a command to its end.
///
/// # Errors
///
/// When it cannot be started, exits with anything but success, or takes longer than `limit` or than
/// its step may.
pub(crate) fn run(command: &mut Command, limit: Duration, log: &Log) -> Result<()> {
    let mut child = Child::start(command, Stdio::null(), log)?;
    let status = child.wait(limit, |_| {})?;
    ensure!(status.success(), "`{}` failed: {status}", child.name);
    Ok(())
}

/// Asks a program something small: its standard output, where it starts and exits with success
/// within half a minute.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    const LIMIT: Duration = Duration::from_secs(30);
    let mut process =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let mut stdout = process.stdout.take()?;
    let (sender, text) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stdout.read_to_end(&mut bytes);
        drop(sender.send(read.map(|_| String::from_utf8_lossy(&bytes).into_owned())));
    });
    let deadline = Instant::now() + LIMIT;
    loop {
        match process.try_wait().ok()? {
            Some(status) if status.success() => break,
            Some(_) => return None,
            None if Instant::now() < deadline => thread::sleep(POLL),
            None => {
                drop(process.kill());
                drop(process.wait());
                return None;
            }
        }
    }
    text.recv_timeout(DRAIN).ok()?.ok().map(|text| text.trim().to_owned())
}

/// A command as one would type it.
fn shown(command: &Command) -> String {
    // Of the program the name will do; where it lies says little and takes a line.
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args()).map(|word| {
        let word = word.to_string_lossy();
        let quoted = word.is_empty() || word.contains([' ', '"', '\'']);
        if quoted { format!("{word:?}") } else { word.into_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(name: &str) -> Log {
        let path = std::env::temp_dir().join(format!("xtask-{}-{name}.log", std::process::id()));
        Log::create(&path, false).unwrap()
    }

    fn text_of(log: &Log) -> String {
        let text = log.tail(usize::MAX);
        std::fs::remove_file(log.path()).unwrap();
        text
    }

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn output_of_both_kinds_is_logged() {
        let log = log("both");
        run(&mut shell("echo one; echo two >&2"), Duration::from_secs(30), &log).unwrap();
        let text = text_of(&log);
        assert!(text.contains("\none\n") && text.contains("\ntwo\n"), "{text}");
    }

    #[test]
    fn an_exit_code_is_an_error_that_names_the_command() {
        let log = log("exit");
        let error = run(&mut shell("exit 3"), Duration::from_secs(30), &log).unwrap_err();
        assert_eq!(error.to_string(), "`sh -c \"exit 3\"` failed: exit status: 3");
        text_of(&log);
    }

    #[test]
    fn a_child_is_killed_when_its_time_is_up() {
        let log = log("limit");
        let mut child = Child::spawn(Command::new("sleep").arg("600"), &log).unwrap();
        let error = child.wait(Duration::ZERO, |_| {}).unwrap_err().to_string();
        assert!(error.starts_with("`sleep 600` was stopped after "), "{error}");
        assert!(error.ends_with(" seconds"), "{error}");
        assert!(child.expect_running().is_err());
        text_of(&log);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_a_child_has_started_is_killed_with_it() {
        let log = log("tree");
        // The grandchild has the child's output, as a test has that of cargo.
        let mut child = Child::spawn(&mut shell("sleep 600 & echo started; wait"), &log).unwrap();
        child.wait_for_line("started", Duration::from_secs(30)).unwrap();
        child.wait(Duration::ZERO, |_| {}).unwrap_err();
        // While anybody still had it, there could be another line.
        let another = child.lines.recv_timeout(Duration::from_secs(30));
        assert_eq!(another, Err(RecvTimeoutError::Disconnected));
        let text = text_of(&log);
        let ended = text.lines().filter_map(|line| line.strip_prefix("ended ")?.split_once(": "));
        let ended: Vec<_> = ended.map(|(_, command)| command).collect();
        assert_eq!(ended, ["sh -c sleep 600 & echo started; wait", "sleep 600"], "{text}");
    }

    #[test]
    fn the_time_of_a_step_is_that_of_each_wait() {
        const LONG: Duration = Duration::from_secs(600);
        type Wait = fn(&mut Child) -> Result<()>;
        let waits: [Wait; 3] = [
            |child| child.wait(LONG, |_| {}).map(drop),
            |child| child.wait_for_line("never", LONG).map(drop),
            Child::expect_running,
        ];
        for (number, wait) in waits.into_iter().enumerate() {
            let log = log(&format!("step-{number}")).with_limit(Duration::ZERO);
            let mut child = Child::spawn(Command::new("sleep").arg("600"), &log).unwrap();
            let error = wait(&mut child).unwrap_err().to_string();
            assert!(error.starts_with("`sleep 600` was stopped after "), "{number}: {error}");
            assert!(error.ends_with(" seconds: the 0 of the step were over"), "{number}: {error}");
            assert!(child.status().unwrap().is_some(), "{number}: it still runs");
            text_of(&log);
        }
    }

    #[test]
    fn a_line_is_awaited_past_others() {
        let log = log("line");
        let mut child =
            Child::spawn(&mut shell("echo hello; echo listening 80; cat"), &log).unwrap();
        assert_eq!(child.wait_for_line("listening ", Duration::from_secs(30)).unwrap(), "80");
        child.expect_running().unwrap();
        text_of(&log);
    }

    #[test]
    fn a_server_that_ends_early_is_an_error() {
        let log = log("early");
        let mut child = Child::spawn(&mut shell("echo hello"), &log).unwrap();
        let error = child.wait_for_line("listening", Duration::from_secs(30)).unwrap_err();
        assert!(error.to_string().contains("ended before"), "{error}");
        text_of(&log);
    }

    #[test]
    fn the_tail_of_a_log_is_whole_lines() {
        let log = log("tail");
        ["one", "two", "three"].iter().for_each(|text| log.line(text));
        let table = [(0, ""), (1, "three\n"), (3, "one\ntwo\nthree\n"), (9, "one\ntwo\nthree\n")];
        for (count, wanted) in table {
            assert_eq!(log.tail(count), wanted, "{count} lines");
        }
        text_of(&log);
    }

    #[test]
    fn only_success_is_an_answer() {
        assert_eq!(answer(&mut shell("echo ' 2.7 '")).as_deref(), Some("2.7"));
        assert_eq!(answer(&mut shell("echo 2.7; exit 1")), None);
        assert_eq!(answer(&mut Command::new("no-program-of-this-name")), None);
    }
}
