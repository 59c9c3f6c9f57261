//! Memory follows the bytes received, never the bytes claimed.
//!
//! Counted by an allocator that counts for each thread, so that tests can run side by side. It
//! counts a buffer that grows as a new one beside the old, which is the worst that an allocator can
//! make of it.

use allocation_counter::{AllocationInfo, measure};
use longwire::handshake::DeflateParams;
use longwire::{
    Compression, Connection, ControlFrames, Event, Inbound, Input, Limits, Message, Outbound,
    ProtocolError, SendOptions, WebSocket,
};
use longwire_tests::vector::KEY;

/// The default of `max_message_bytes`.
const MIB: usize = 1 << 20;

/// A binary message from a client.
fn message(payload: &[u8], deflate: Option<DeflateParams>) -> Vec<u8> {
    let connection = Connection::client(Limits::default(), || KEY);
    let mut socket = match deflate {
        Some(params) => WebSocket::with_deflate(connection, params),
        None => WebSocket::new(connection),
    };
    let options = SendOptions { max_frame_bytes: usize::MAX, ..SendOptions::default() };
    let (mut outbound, mut out) = (Outbound::new(options), Vec::new());
    socket
        .send(Message::Binary(payload), Compression::Auto, &mut outbound, &mut out)
        .expect("an open connection");
    out
}

/// Receives `wire` in reads of `read_bytes`: what that cost beyond `inbound`, and how it ended.
fn receive(
    socket: &mut WebSocket,
    inbound: &mut Inbound,
    wire: &mut [u8],
    read_bytes: usize,
) -> (AllocationInfo, Result<usize, ProtocolError>) {
    let mut control = ControlFrames::new();
    let mut outcome = Ok(0);
    // More than the longest rest and the longest read.
    let mut buffer = vec![0; longwire::MAX_REST_BYTES + read_bytes];
    let info = measure(|| {
        let mut kept = 0;
        for read in wire.chunks(read_bytes) {
            buffer[kept..kept + read.len()].copy_from_slice(read);
            let filled = kept + read.len();
            let mut input = Input::new(&mut buffer[..filled]);
            loop {
                match socket.receive(&mut input, &mut control, inbound) {
                    Ok(None) => break,
                    Ok(Some(Event::Binary(data))) => outcome = Ok(data.len()),
                    Ok(Some(_)) => {}
                    Err(error) => {
                        outcome = Err(error);
                        return;
                    }
                }
            }
            kept = input.len();
            buffer.copy_within(filled - kept..filled, 0);
        }
    });
    (info, outcome)
}

fn server(limits: Limits, deflate: Option<DeflateParams>) -> WebSocket {
    match deflate {
        Some(params) => WebSocket::with_deflate(Connection::server(limits), params),
        None => WebSocket::new(Connection::server(limits)),
    }
}

fn no_context_takeover() -> DeflateParams {
    DeflateParams {
        server_no_context_takeover: true,
        client_no_context_takeover: true,
        ..DeflateParams::default()
    }
}

#[test]
fn a_header_that_claims_the_maximum_allocates_nothing() {
    let limits = Limits { max_message_bytes: u64::MAX, ..Limits::default() };
    // 2^63 - 1 bytes, masked with 0: 14 bytes of header.
    let header = *b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0";
    let mut inbound = Inbound::new();
    for read_bytes in [1, header.len()] {
        let mut socket = server(limits, None);
        let (info, _) = receive(&mut socket, &mut inbound, &mut header.clone(), read_bytes);
        assert!(socket.connection().is_receiving_message());
        assert_eq!(info.count_total, 0, "in reads of {read_bytes}: {info:?}");
        // The first bytes of the payload cost what they are.
        let (info, _) = receive(&mut socket, &mut inbound, &mut [0; 100], read_bytes);
        assert!(info.count_total > 0 && info.bytes_max < 512, "{info:?}");
    }
}

#[test]
fn a_whole_message_in_one_read_allocates_nothing() {
    let mut inbound = Inbound::new();
    let mut socket = server(Limits::default(), None);
    for len in [0, 1, 125, 126, 65_535, 65_536, MIB] {
        let mut wire = message(&vec![b'a'; len], None);
        let read_bytes = wire.len();
        let (info, outcome) = receive(&mut socket, &mut inbound, &mut wire, read_bytes);
        assert_eq!(outcome, Ok(len));
        assert_eq!(info.count_total, 0, "{len} bytes: {info:?}");
    }
    let mut control = *b"\x89\x80\0\0\0\0\x8a\x81\0\0\0\0a\x88\x80\0\0\0\0";
    let (info, _) = receive(&mut socket, &mut inbound, &mut control, 19);
    assert!(socket.connection().closure().is_some());
    assert_eq!(info.count_total, 0, "{info:?}");
}

#[test]
fn a_message_in_single_bytes_costs_at_most_twice_its_size() {
    let mut inbound = Inbound::new();
    let mut wire = message(&vec![b'a'; MIB], None);
    let mut socket = server(Limits::default(), None);
    let (info, outcome) = receive(&mut socket, &mut inbound, &mut wire, 1);
    assert_eq!(outcome, Ok(MIB));
    let peak = info.bytes_max;
    assert!((MIB as u64..=2 * MIB as u64).contains(&peak), "{info:?}");
    // The thread's buffer serves the next one, if it begins with much.
    let mut wire = message(&vec![b'a'; MIB], None);
    let (info, outcome) = receive(&mut socket, &mut inbound, &mut wire, 64 * 1024);
    assert_eq!(outcome, Ok(MIB));
    assert_eq!(info.count_total, 0, "{info:?}");
}

/// What others have filled is not what a connection holds that has sent a byte.
#[test]
fn a_byte_of_a_message_costs_little_behind_long_messages() {
    const CONNECTIONS: usize = 100;
    let mut inbound = Inbound::new();
    let mut busy = server(Limits::default(), None);
    let mut others: Vec<_> = (0..CONNECTIONS).map(|_| server(Limits::default(), None)).collect();
    let info = measure(|| {
        for other in &mut others {
            let mut wire = message(&vec![b'a'; MIB], None);
            let (_, outcome) = receive(&mut busy, &mut inbound, &mut wire, 64 * 1024);
            assert_eq!(outcome, Ok(MIB));
            let mut byte = message(b"Hello", None)[..7].to_vec();
            let (_, outcome) = receive(other, &mut inbound, &mut byte, 100);
            assert_eq!(outcome, Ok(0));
        }
    });
    assert!(info.bytes_current <= (MIB + CONNECTIONS * 1024) as i64, "{info:?}");
}

/// Messages of many connections at once leave 4 MiB with the thread, however many they were.
#[test]
fn a_thread_keeps_4_mib_for_messages_to_come() {
    const CONNECTIONS: usize = 12;
    let mut inbound = Inbound::new();
    let info = measure(|| {
        let mut sockets: Vec<_> =
            (0..CONNECTIONS).map(|_| server(Limits::default(), None)).collect();
        for read in message(&vec![b'a'; MIB], None).chunks(100_000) {
            for socket in &mut sockets {
                let mut read = read.to_vec();
                let _incomplete = receive(socket, &mut inbound, &mut read, 100_000);
            }
        }
    });
    assert!(info.bytes_max >= (CONNECTIONS * MIB) as u64, "{info:?}");
    // One was handed out last, and may be borrowed still.
    let kept = info.bytes_current;
    assert!((4 * MIB as i64..=5 * MIB as i64 + 4096).contains(&kept), "{info:?}");
}

#[test]
fn a_hundred_thousand_fragments_cost_what_they_carry() {
    let limits = Limits::default();
    let fragment = b"\x00\x81\0\0\0\0a";
    let count = limits.max_fragments as usize - 2;
    let first = b"\x02\x80\0\0\0\0".to_vec();
    let mut wire = [first, fragment.repeat(count), b"\x80\x80\0\0\0\0".to_vec()].concat();
    let mut socket = server(limits, None);
    let (info, outcome) = receive(&mut socket, &mut Inbound::new(), &mut wire, 4096);
    assert_eq!(outcome, Ok(count));
    assert!(info.bytes_max <= 2 * count as u64 + 512, "{info:?}");
}

/// What a limit of 1 MiB lets a peer take: 1 MiB, half a page beside it, and the decoder.
#[test]
fn a_bomb_costs_its_limit_and_the_decoder() {
    let limits = Limits { max_message_bytes: MIB as u64, ..Limits::default() };
    let params = no_context_takeover();
    let decoder = 64 * 1024;
    let bomb = message(&vec![0; 8 * MIB], Some(params));
    assert!(bomb.len() < 16 * 1024, "a bomb is small: {}", bomb.len());
    for read_bytes in [1, 1000, bomb.len()] {
        let mut inbound = Inbound::new();
        let mut socket = server(limits, Some(params));
        let (info, outcome) = receive(&mut socket, &mut inbound, &mut bomb.clone(), read_bytes);
        assert_eq!(outcome, Err(ProtocolError::MessageTooBig));
        // For a moment the buffer that grows stands beside the one that it replaces.
        assert!(info.bytes_max <= (2 * MIB + decoder) as u64, "in {read_bytes}: {info:?}");
        assert!(info.bytes_current <= decoder as i64, "in {read_bytes}: {info:?}");
    }
    // Just before it would fail: what is held between two reads.
    let len = MIB;
    let most = message(&vec![0; len], Some(params));
    let last = most.len() - 1;
    for read_bytes in [1, 1000, last] {
        let mut inbound = Inbound::new();
        let mut socket = server(limits, Some(params));
        let (info, _) = receive(&mut socket, &mut inbound, &mut most[..last].to_vec(), read_bytes);
        assert!(socket.connection().is_receiving_message());
        let held = MIB as i64 / 2..=(MIB + 2048 + decoder) as i64;
        assert!(held.contains(&info.bytes_current), "in {read_bytes}: {info:?}");
        let (_, outcome) = receive(&mut socket, &mut inbound, &mut most[last..].to_vec(), 1);
        assert_eq!(outcome, Ok(len));
    }
}

/// Between two messages a connection holds nothing but itself, unless it has to keep a context.
#[test]
fn an_idle_connection_holds_no_buffer() {
    let payload = vec![b'a'; 10_000];
    let table = [
        (None, true),
        (Some(no_context_takeover()), true),
        (Some(DeflateParams::default()), false),
    ];
    for (params, nothing) in table {
        let (mut inbound, mut outbound) = (Inbound::new(), Outbound::new(SendOptions::default()));
        let mut socket = server(Limits::default(), params);
        let (_, outcome) = receive(&mut socket, &mut inbound, &mut message(&payload, params), 1);
        assert_eq!(outcome, Ok(payload.len()));
        let mut out = Vec::new();
        socket
            .send(Message::Binary(&payload), Compression::Auto, &mut outbound, &mut out)
            .expect("an open connection");
        let freed = measure(|| drop(socket));
        assert_eq!(freed.bytes_current == 0, nothing, "{params:?}: {freed:?}");
    }
}

/// However a connection ends, it gives back what it had received in part, and its decoder.
#[test]
fn a_dead_connection_holds_no_buffer() {
    let params = DeflateParams::default();
    let hello = message(&[b'a'; 1000], Some(params));
    let fragment = [&b"\x02\xe4\0\0\0\0"[..], &[b'a'; 100]].concat();
    let table: [(&str, &[u8]); 3] = [
        ("a failure", b"\x83\x80\0\0\0\0"),
        ("the peer's Close", b"\x88\x80\0\0\0\0"),
        ("the end of the stream", b""),
    ];
    for (name, last_words) in table {
        let mut inbound = Inbound::new();
        let mut socket = server(Limits::default(), Some(params));
        let mut wire = [&hello[..], &fragment].concat();
        let (_, outcome) = receive(&mut socket, &mut inbound, &mut wire, 7);
        assert_eq!(outcome, Ok(1000));
        assert!(socket.connection().is_receiving_message(), "{name}");
        let _ = receive(&mut socket, &mut inbound, &mut last_words.to_vec(), 6);
        if last_words.is_empty() {
            socket.receive_eof();
        }
        assert!(socket.connection().closure().is_some(), "{name}");
        let freed = measure(|| drop(socket));
        assert_eq!(freed.bytes_current, 0, "{name}: {freed:?}");
    }
}

/// The same where a message is not UTF-8 whose bytes are read to where they belong.
#[test]
fn a_connection_that_fails_in_place_holds_no_buffer() {
    let params = DeflateParams::default();
    let hello = message(&[b'a'; 1000], Some(params));
    let begun = [&b"\x81\xff\0\0\0\0\0\x01\0\0\0\0\0\0"[..], &[b'a'; 100]].concat();
    let (mut inbound, mut control) = (Inbound::new(), ControlFrames::new());
    let mut socket = server(Limits::default(), Some(params));
    let (_, outcome) = receive(&mut socket, &mut inbound, &mut [hello, begun].concat(), 7);
    assert_eq!(outcome, Ok(1000));
    socket.space().expect("most of it is missing")[0] = 0xff;
    let failed = socket.receive_in_place(1, &mut control, &mut inbound);
    assert_eq!(failed, Err(ProtocolError::TextNotUtf8));
    let freed = measure(|| drop(socket));
    assert_eq!(freed.bytes_current, 0, "{freed:?}");
}
