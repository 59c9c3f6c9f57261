//! Any bytes as what a client of Centrifugo's protocol sends, and as the body of `POST /emulation`:
//! lines do not depend on each other, what is read is what a client would write for it, and what it
//! makes others be sent is one value on one line.

use crate::centrifuge_client::write;
use crate::shape;
use arbitrary::{Result, Unstructured};
use longwire_realtime::dialect::centrifuge::{Emulation, FrameLimits, decode_frame};
use longwire_realtime::dialect::{Dialects, once};
use longwire_realtime::{
    ChannelName, Codec, Command, CommandId, Dialect, Epoch, Publication, Push,
};
use serde_json::Value;
use std::sync::Arc;

/// Runs one input: the limits, then the bytes.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let limits = match u.arbitrary::<u8>()? {
        0 => FrameLimits::default(),
        n => FrameLimits { max_frame_bytes: usize::from(n) * 8, max_commands: usize::from(n & 7) },
    };
    let bytes = u.take_rest();
    check_frame(bytes, &limits);
    if let Ok(emulation) = Emulation::parse(bytes) {
        let body = serde_json::json!({
            "session": emulation.session.to_string(),
            "node": emulation.node,
            "data": emulation.frame,
        });
        assert_eq!(Emulation::parse(body.to_string().as_bytes()), Ok(emulation.clone()));
        check_frame(emulation.frame.as_bytes(), &limits);
    }
    if let Ok(data) = once::parse_data(bytes) {
        check_data(data.as_str());
    }
    Ok(())
}

fn check_frame(bytes: &[u8], limits: &FrameLimits) {
    let mut commands = Vec::new();
    let end = decode_frame(bytes, limits, &mut commands);
    assert!(commands.len() <= limits.max_commands, "more commands than there may be");
    if let Err(end) = &end {
        assert_eq!(end.code, 3501);
        assert!(end.reason.len() <= 123, "a reason that no Close frame has room for");
    }
    if bytes.len() <= limits.max_frame_bytes {
        let lines = bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|byte| *byte == b'\n');
        for (line, command) in lines.zip(&commands) {
            assert_eq!(alone(line).as_ref(), Some(command), "a line by itself");
        }
    } else {
        assert_eq!((commands.len(), end.is_ok()), (0, false), "a frame over the limit");
    }
    for (id, command) in commands {
        check_command(id, &command);
    }
}

/// What a line says that is a frame of its own.
fn alone(line: &[u8]) -> Option<(CommandId, Command)> {
    let mut commands = Vec::new();
    decode_frame(line, &FrameLimits::default(), &mut commands).ok()?;
    commands.pop()
}

fn check_command(id: CommandId, command: &Command) {
    let has_number = !matches!(command, Command::Pong | Command::Send { .. });
    assert!(id != 0 || !has_number, "nobody could be answered");
    if let Some(line) = write(id, command) {
        assert_eq!(alone(line.as_bytes()), Some((id, command.clone())), "{line}");
    }
    let mut reply = Vec::new();
    match command {
        Command::Invalid(error) => {
            Dialects::default().encode_reply(
                Dialect::CentrifugeWebSocket,
                id,
                &Err(error.clone()),
                &mut reply,
            );
            let reply: Value = serde_json::from_slice(&reply).expect("a reply in JSON");
            assert_eq!(reply["id"], id);
            assert!(reply["error"]["code"].is_u64(), "{reply}");
        }
        Command::Publish(publish) => check_data(publish.data.as_str()),
        _ => {}
    }
}

/// Others are sent the data on one line, as it was.
fn check_data(data: &str) {
    let push = Push::Publication {
        channel: ChannelName::new("a", 1).expect("a name"),
        epoch: Some(Epoch::new("x")),
        publication: Arc::new(Publication {
            offset: 1,
            data: longwire_realtime::Json::from_valid(data),
            info: None,
            tags: Vec::new(),
            key: None,
        }),
    };
    for dialect in Dialect::ALL {
        let mut bytes = Vec::new();
        Dialects::default().encode_push(dialect, &push, &mut bytes);
        let line = shape::unframed(dialect, &bytes);
        // The text of the data is in it, byte for byte, and nothing of it is read as anything else.
        let expected = if matches!(dialect, Dialect::Sse | Dialect::Poll) {
            format!("{{\"channel\":\"a\",\"pub\":{{\"data\":{data},\"offset\":1}}}}")
        } else {
            format!("{{\"push\":{{\"channel\":\"a\",\"pub\":{{\"data\":{data},\"offset\":1}}}}}}")
        };
        assert_eq!(line, expected, "{dialect:?}");
        assert!(!line.contains(['\n', '\r']), "{line:?}");
        let value: &serde_json::value::RawValue = serde_json::from_str(line).expect("JSON");
        assert_eq!(value.get(), line);
    }
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let bodies: [&str; 12] = [
        "{}",
        "{\"id\":1,\"connect\":{\"token\":\"T\",\"data\":{\"a\":[1,\"\\u2028\\\"\"]},\"name\":\"js\",\
         \"subs\":{\"a\":{\"recover\":true,\"epoch\":\"x\",\"offset\":1}}}}",
        "{\"id\":2,\"subscribe\":{\"channel\":\"chat:1\",\"recover\":true,\"epoch\":\"x\",\
         \"offset\":18446744073709551615,\"join_leave\":true,\"positioned\":true,\"recoverable\":true}}",
        "{\"id\":3,\"publish\":{\"channel\":\"\u{e4}\",\"data\":[[1.5e3,null]],\"key\":\"k\",\
         \"exclude_self\":true}}\n{}\n{\"send\":{\"data\":1}}",
        "{\"id\":4,\"history\":{\"channel\":\"a\",\"limit\":-1,\"reverse\":true,\
         \"since\":{\"offset\":5,\"epoch\":\"x\"}}}",
        "{\"presence\":{\"channel\":\"a\"},\"id\":5}\r\n{\"presence_stats\":{\"channel\":\"a\"},\"id\":6}\n",
        "{\"id\":7,\"unsubscribe\":{\"channel\":\"a\"}}\n{\"id\":8,\"refresh\":{\"token\":\"T\"}}",
        "{\"id\":9,\"sub_refresh\":{\"channel\":\"a\",\"token\":\"T\"}}\n{\"id\":10,\"rpc\":{\"method\":\"m\"}}",
        "{\"id\":1,\"rpc\":{\"data\":{\"a\":1,\"a\":2}},\"id\":1}",
        "{\"session\":\"00000000-0000-4000-8000-000000000007\",\"node\":\"n\",\
         \"data\":\"{\\\"id\\\":1,\\\"rpc\\\":{}}\\n{}\"}",
        "{\"id\":1,\"publish\":{\"channel\":\"a\"}}\n{\"id\":1,\"x\":{}}\n7",
        "[[[[[[[[{\"a\":\"\\ud800\"}]]]]]]]]",
    ];
    let bodies = bodies.map(|body| body.as_bytes().to_vec());
    shape::product(&[&[0], &[0xff]], &bodies)
}
