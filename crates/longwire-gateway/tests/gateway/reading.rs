//! What `GET /sse` and `GET /poll` refuse, since it would mislead the one who asks.

use crate::server::TestServer;

/// A stream whose ids do not fit a header would have none, and its client would miss what is published
/// while it is away, without a word.
#[test]
fn more_channels_than_a_position_can_be_told_for_are_refused() {
    let server = TestServer::start();
    let channels = |count: usize| {
        let name = |at| format!("channel=a-channel-with-quite-a-long-name-{at:03}");
        (0..count).map(name).collect::<Vec<_>>().join("&")
    };
    let too_many = "these are more channels than a position can be told for\n";
    let table = [(10, 200), (100, 400)];
    for (count, status) in table {
        for route in ["/sse", "/poll"] {
            let wait = if route == "/poll" { "&wait=0" } else { "" };
            let answer = server.ask(&format!("GET {route}?{}{wait}", channels(count)), &[], "");
            assert_eq!(answer.status, status, "{count} {route}");
            assert_eq!(answer.body == too_many, status == 400, "{count} {route}");
        }
    }
}

/// Each of the two has its own word for where its client is.
#[test]
fn a_position_in_the_word_of_the_other_is_refused() {
    let server = TestServer::start();
    for query in
        ["/sse?channel=a&since=1", "/sse?channel=a&wait=0", "/poll?channel=a&lastEventId=1&wait=0"]
    {
        assert_eq!(server.ask(&format!("GET {query}"), &[], "").status, 400, "{query}");
    }
}
