//! The built-in page in a real browser: two tabs in one channel over each transport, and what they make
//! of connections that are cut. Where there is no Chromium, nothing is tested, and that is said; with the
//! variable `BROWSER_REQUIRED`, which `cargo xtask test` sets, it is a failure.

use crate::browser::{Browser, Tab};
use crate::proxy::Proxy;
use crate::server::TestServer;

const TRANSPORTS: [&str; 3] = ["websocket", "sse", "poll"];

/// The browser, or the word that there is none.
fn browser(name: &str) -> Option<Browser> {
    let browser = Browser::start(name);
    if browser.is_none() {
        let required = std::env::var_os("BROWSER_REQUIRED").is_some();
        assert!(!required, "there is no chromium in PATH");
        eprintln!("skipped: there is no chromium in PATH");
    }
    browser
}

/// Joins a channel with the keyboard alone.
fn join(browser: &mut Browser, origin: &str, name: &str, channel: &str, transport: &str) -> Tab {
    let url = format!("{origin}/?channel={channel}&transport={transport}");
    let tab = browser.open(&url);
    browser.press(&tab, "Tab", 9, "");
    browser.wait_for(&tab, "document.activeElement.id === 'name'");
    browser.type_text(&tab, name);
    browser.press(&tab, "Enter", 13, "\r");
    browser.wait_for(&tab, "at('state').dataset.state === 'on'");
    browser.wait_for(&tab, "document.activeElement.id === 'text'");
    tab
}

fn say(browser: &mut Browser, tab: &Tab, text: &str) {
    browser.type_text(tab, text);
    browser.press(tab, "Enter", 13, "\r");
}

/// Waits until these are the messages on the page, and nothing else.
#[track_caller]
fn sees(browser: &mut Browser, tab: &Tab, messages: &[&str]) {
    let expected = serde_json::to_string(messages).unwrap();
    let shown = "JSON.stringify([...at('messages').children].map((item) => \
                 [...item.children].map((part) => part.textContent).join(' ').trim()))";
    browser.wait_for(tab, &format!("{shown} === {expected:?}"));
}

#[track_caller]
fn reads(browser: &mut Browser, tab: &Tab, element: &str, text: &str) {
    browser.wait_for(tab, &format!("at({element:?}).innerText === {text:?}"));
}

#[test]
fn two_tabs_see_each_other() {
    let Some(mut browser) = browser("two-tabs") else { return };
    let server = TestServer::start();
    let origin = format!("http://{}", server.address);
    let notes = [
        "",
        "You are one of the anonymous connections: an EventSource has no name.",
        "You are not counted: long polling comes and goes with each request.",
    ];
    let counts = ["2 connections", "2 connections", "0 connections"];
    for ((transport, note), count) in TRANSPORTS.into_iter().zip(notes).zip(counts) {
        let ada = join(&mut browser, &origin, "Ada", transport, transport);
        say(&mut browser, &ada, "hello");
        sees(&mut browser, &ada, &["Ada hello #1"]);

        // History comes first.
        let bob = join(&mut browser, &origin, "Bob <b>", transport, transport);
        sees(&mut browser, &bob, &["Ada hello #1"]);

        // What was typed long ago is not shown, so the word of it comes when Ada has been there for long.
        browser.wait_for(&ada, "performance.now() > room.quietUntil");
        browser.type_text(&bob, "<i>hi</i> {\"a\":1}");
        reads(&mut browser, &ada, "typing", "Bob <b> is typing…");
        reads(&mut browser, &bob, "typing", "");
        browser.press(&bob, "Enter", 13, "\r");
        let both = ["Ada hello #1", "Bob <b> <i>hi</i> {\"a\":1} #2"];
        for tab in [&ada, &bob] {
            sees(&mut browser, tab, &both);
            reads(&mut browser, tab, "typing", "");
            reads(&mut browser, tab, "count", count);
            reads(&mut browser, tab, "present-note", note);
        }
        if transport == "websocket" {
            reads(&mut browser, &ada, "present", "Ada (you)\nBob <b>");
        }
        // Somebody else's data is text too.
        server.publish(transport, "[\"<script>\"]");
        sees(&mut browser, &bob, &[both[0], both[1], "[\"<script>\"] #3"]);

        if transport != "poll" {
            browser.evaluate(&bob, "at('enter').click()");
            reads(&mut browser, &bob, "state", "Not connected");
            reads(&mut browser, &ada, "count", "1 connection");
        }
    }
}

#[test]
fn a_cut_connection_recovers_or_says_that_it_did_not() {
    let Some(mut browser) = browser("cut") else { return };
    let server = TestServer::start();
    let proxy = Proxy::start(server.address);
    let origin = format!("http://{}", proxy.address);
    let again = [
        "Connected again: 2 missed, all recovered.",
        "Connected again: what was missed follows.",
        "Connected again: 2 missed, all recovered.",
    ];
    let missed = "Something was missed: it is not in the channel's history any more.";
    for (transport, again) in TRANSPORTS.into_iter().zip(again) {
        let channel = format!("short:{transport}");
        let tab = join(&mut browser, &origin, "Ada", &channel, transport);
        say(&mut browser, &tab, "one");
        sees(&mut browser, &tab, &["Ada one #1"]);

        proxy.cut();
        browser.wait_for(&tab, "at('state').dataset.state === 'wait'");
        server.publish(&channel, "2");
        server.publish(&channel, "3");
        proxy.mend();
        // The word of it comes before or behind what was missed.
        let order = if transport == "websocket" {
            ["Ada one #1", "2 #2", "3 #3", again]
        } else {
            ["Ada one #1", again, "2 #2", "3 #3"]
        };
        sees(&mut browser, &tab, &order);

        // The channel keeps two.
        proxy.cut();
        browser.wait_for(&tab, "at('state').dataset.state === 'wait'");
        for data in ["4", "5", "6"] {
            server.publish(&channel, data);
        }
        proxy.mend();
        let last = "[...at('messages').children].at(-1).textContent";
        browser.wait_for(&tab, &format!("{last} === {missed:?}"));
        server.publish(&channel, "7");
        browser.wait_for(&tab, &format!("{last} === '7#7'"));
    }
}

#[test]
fn a_cut_event_source_over_three_channels_misses_nothing() {
    const ROUNDS: usize = 10;
    let Some(mut browser) = browser("event-source") else { return };
    let server = TestServer::start();
    let proxy = Proxy::start(server.address);
    let tab = browser.open(&format!("http://{}/", proxy.address));
    browser.evaluate(
        &tab,
        "got = { a: [], b: [], c: [] };
        gaps = opened = failed = 0;
        source = new EventSource('/sse?channel=a&channel=b&channel=c');
        source.onopen = () => ++opened;
        source.onerror = () => ++failed;
        source.addEventListener('gap', () => ++gaps);
        source.onmessage = (event) => {
            const { channel, pub } = JSON.parse(event.data);
            got[channel].push(pub.data);
        };
        0",
    );
    browser.wait_for(&tab, "opened === 1");
    let mut published = 0;
    let mut publish = || {
        published += 1;
        for channel in ["a", "b", "c"] {
            server.publish(channel, &published.to_string());
        }
        published
    };
    for round in 1..=ROUNDS {
        publish();
        // It is on its way, or has arrived.
        proxy.cut();
        publish();
        browser.wait_for(&tab, &format!("failed >= {round}"));
        publish();
        proxy.mend();
        publish();
        browser.wait_for(&tab, &format!("opened === {}", round + 1));
    }
    let last = publish();
    browser.wait_for(&tab, &format!("Object.values(got).every((it) => it.at(-1) === {last})"));
    let all: Vec<usize> = (1..=last).collect();
    let expected = serde_json::json!({ "a": all, "b": all, "c": all });
    assert_eq!(browser.evaluate(&tab, "got"), expected);
    assert_eq!(browser.evaluate(&tab, "gaps"), 0);
}
