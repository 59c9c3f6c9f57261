//! Debian's Chromium without a window, driven over the pipe that its DevTools protocol can be spoken on:
//! JSON with a NUL behind each message.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// How long a page has to become as it is expected to be. It takes well under a second.
const PATIENCE_MS: u32 = 30_000;

const FLAGS: &str = "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage \
    --no-first-run --disable-extensions --disable-background-networking \
    --disable-background-timer-throttling --disable-backgrounding-occluded-windows \
    --disable-renderer-backgrounding --remote-debugging-pipe";

pub(crate) struct Browser {
    process: Child,
    commands: ChildStdin,
    replies: BufReader<ChildStdout>,
    last_id: u64,
    profile: PathBuf,
}

/// A tab, by the session in which it is spoken to.
#[derive(Clone)]
pub(crate) struct Tab(String);

impl Browser {
    /// Starts it; `None` where there is none.
    pub(crate) fn start(name: &str) -> Option<Self> {
        let paths = std::env::var_os("PATH")?;
        let chromium = std::env::split_paths(&paths).map(|it| it.join("chromium"));
        let chromium = chromium.into_iter().find(|it| it.is_file())?;
        let profile = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("chromium-{name}"));
        // It may be there from a test that was killed.
        let _ = std::fs::remove_dir_all(&profile);
        // The browser reads commands from descriptor 3, and writes to 4.
        let script = format!("exec \"$0\" {FLAGS} --user-data-dir=\"$1\" 3<&0 4>&1 </dev/null >&2");
        let mut process = Command::new("sh")
            .args(["-c", &script])
            .args([&chromium, &profile])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let commands = process.stdin.take().unwrap();
        let replies = BufReader::new(process.stdout.take().unwrap());
        Some(Self { process, commands, replies, last_id: 0, profile })
    }

    /// Opens a page.
    pub(crate) fn open(&mut self, url: &str) -> Tab {
        let target = self.call(None, "Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = self.call(None, "Target.attachToTarget", &attach);
        let tab = Tab(session["sessionId"].as_str().unwrap().to_owned());
        let focused = json!({ "enabled": true });
        self.call(Some(&tab), "Emulation.setFocusEmulationEnabled", &focused);
        self.call(Some(&tab), "Page.navigate", &json!({ "url": url }));
        self.wait_for(
            &tab,
            "document.readyState === 'complete' && location.href !== 'about:blank'",
        );
        tab
    }

    /// The value of an expression in the page, waited for where it is a promise.
    pub(crate) fn evaluate(&mut self, tab: &Tab, expression: &str) -> Value {
        let question =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.call(Some(tab), "Runtime.evaluate", &question);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true in the page.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, tab: &Tab, expression: &str) {
        let wait = format!(
            "new Promise((done) => {{
                const until = Date.now() + {PATIENCE_MS};
                const look = () => {{
                    if ({expression}) return done('');
                    if (Date.now() < until) return setTimeout(look, 20);
                    done(document.body.innerText);
                }};
                look();
            }})"
        );
        let page = self.evaluate(tab, &wait);
        assert_eq!(page, "", "waited for {expression}; on the page there is instead: {page}");
    }

    /// Types into what has the focus.
    pub(crate) fn type_text(&mut self, tab: &Tab, text: &str) {
        self.call(Some(tab), "Input.insertText", &json!({ "text": text }));
    }

    /// Presses a key.
    pub(crate) fn press(&mut self, tab: &Tab, key: &str, code: u32, text: &str) {
        for kind in ["keyDown", "keyUp"] {
            let event =
                json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code, "text": text });
            self.call(Some(tab), "Input.dispatchKeyEvent", &event);
        }
    }

    fn call(&mut self, tab: Option<&Tab>, method: &str, parameters: &Value) -> Value {
        self.last_id += 1;
        let mut command = json!({ "id": self.last_id, "method": method, "params": parameters });
        if let Some(Tab(session)) = tab {
            command["sessionId"] = session.as_str().into();
        }
        write!(self.commands, "{command}\0").unwrap();
        loop {
            let mut reply = Vec::new();
            self.replies.read_until(0, &mut reply).unwrap();
            assert_eq!(reply.pop(), Some(0), "{method}: the browser has ended");
            let mut reply: Value = serde_json::from_slice(&reply).unwrap();
            // What is no reply is an event, and of no interest.
            if reply["id"] == self.last_id {
                assert!(reply.get("error").is_none(), "{method}: {reply}");
                return reply["result"].take();
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Its other processes end when it does. Nothing can be done about what does not work here.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}
