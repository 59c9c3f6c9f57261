//! The hub with the dialect that clients speak: bytes in, bytes out.

mod world;

use std::sync::Arc;
use std::time::Duration;

use longwire_realtime::dialect::Dialects;
use longwire_realtime::{
    Dialect, Hub, MemoryNode, MemoryPresence, Namespace, Output, Seams, SessionKey,
};
use world::words::PlainTokens;
use world::{config, open_namespace};

const NOW: Duration = Duration::ZERO;

fn hub() -> Hub {
    let room = Namespace { presence: true, join_leave: true, ..open_namespace() };
    let mut config = config(&[("room", room)]);
    config.node = "n1".into();
    config.version = "0.0.0".into();
    let config = Arc::new(config);
    let node = MemoryNode::new(&config.limits, &config.times, Box::new(|| 0xe));
    let mut name = 0;
    let chance = move || {
        name += 1;
        name
    };
    let seams = Seams {
        broker: Box::new(node.broker(Box::new(|| {}))),
        presence: Box::new(MemoryPresence::new(config.times.presence_lease).hub()),
        codec: Box::new(Dialects::default()),
        tokens: Box::new(PlainTokens),
        chance: Box::new(chance),
    };
    Hub::new(config, seams, NOW)
}

/// What a client that sends this is sent, and with which code it is closed.
fn talk(hub: &mut Hub, session: SessionKey, sent: &str) -> Vec<String> {
    hub.receive(session, sent.as_bytes(), NOW);
    let mut told = Vec::new();
    while let Some(output) = hub.poll_output() {
        match output {
            Output::Frame { payload, .. } | Output::Fanout { payload, .. } => {
                told.push(String::from_utf8(payload.to_vec()).unwrap());
            }
            Output::Close { disconnect, .. } => told.push(format!("close {}", disconnect.code)),
            _ => {}
        }
    }
    told
}

#[test]
fn a_conversation_in_json() {
    let info = r#"{"user":"7","client":"00000000-0000-4000-8000-000000000001"}"#;
    let rows: [(&str, &[&str]); 8] = [
        (
            r#"{"id":1,"connect":{"token":"7","name":"js"}}"#,
            &[
                r#"{"id":1,"connect":{"client":"00000000-0000-4000-8000-000000000001","version":"0.0.0","session":"00000000-0000-4000-8000-000000000002","node":"n1"}}"#,
            ],
        ),
        (
            r#"{"id":2,"subscribe":{"channel":"room:1","join_leave":true}}"#,
            &[
                r#"{"id":2,"subscribe":{"recoverable":true,"positioned":true,"epoch":"000000000000000e","offset":0}}"#,
                r#"{"push":{"channel":"room:1","join":{"info":INFO}}}"#,
            ],
        ),
        (
            r#"{"id":3,"publish":{"channel":"room:1","data":{"a": 1.0}}}"#,
            &[
                r#"{"id":3,"publish":{}}"#,
                r#"{"push":{"channel":"room:1","pub":{"data":{"a": 1.0},"offset":1,"info":INFO}}}"#,
            ],
        ),
        (
            "{\"id\":4,\"presence_stats\":{\"channel\":\"room:1\"}}\n{\"id\":5,\"unsubscribe\":{\"channel\":\"room:1\"}}\n{}",
            &[
                r#"{"id":4,"presence_stats":{"num_clients":1,"num_users":1}}"#,
                r#"{"id":5,"unsubscribe":{}}"#,
            ],
        ),
        (
            r#"{"id":6,"subscribe":{"channel":"room:1","recover":true,"epoch":"000000000000000e"}}"#,
            &[
                r#"{"id":6,"subscribe":{"recoverable":true,"positioned":true,"epoch":"000000000000000e","offset":1,"recovered":true,"was_recovering":true,"publications":[{"data":{"a": 1.0},"offset":1,"info":INFO}]}}"#,
            ],
        ),
        (
            r#"{"id":7,"subscribe":{"channel":"nowhere:1"}}"#,
            &[r#"{"id":7,"error":{"code":102,"message":"unknown channel"}}"#],
        ),
        ("{}", &[]),
        ("{\"id\":", &["close 3501"]),
    ];
    let mut hub = hub();
    let session = hub.open(Dialect::CentrifugeWebSocket, NOW).unwrap();
    for (sent, told) in rows {
        let told: Vec<String> = told.iter().map(|text| text.replace("INFO", info)).collect();
        assert_eq!(talk(&mut hub, session, sent), told);
    }
}
