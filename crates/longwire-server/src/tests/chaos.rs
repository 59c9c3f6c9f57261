//! Many clients, everything cut anywhere: a seed decides, and every echo is complete and in order.

use super::*;
use crate::simulation::Random;
use std::collections::VecDeque;

/// A client that sends what it has in pieces, and takes what comes when it feels like it.
struct Peer {
    client: Client,
    unsent: VecDeque<u8>,
    expected: Vec<u8>,
    received: Vec<u8>,
    gone: bool,
    /// How much more it sends and takes at a time than others.
    scale: usize,
}

/// What the payloads of some peers are: short, or long enough to be read and written in place too.
const SIZES: [[usize; 5]; 2] = [[5, 125, 126, 1_000, 5_000], [5, 126, 9_000, 60_000, 300_000]];

impl Peer {
    fn new(client: Client, random: &mut Random, max_frame_bytes: usize) -> Self {
        let is_long = random.below(3) == 0;
        let scale = if is_long { 100 } else { 1 };
        client.set_max_write(1 + random.below(3_000 * scale));
        client.set_window(random.below(2_000 * scale));
        let sizes = SIZES[usize::from(is_long)];
        let (mut unsent, mut expected) = (REQUEST.as_bytes().to_vec(), Vec::new());
        for number in 0..random.below(if is_long { 15 } else { 60 }) {
            // Bytes that have changed places do not go unnoticed.
            let bytes = (number % 26..251).map(|byte| u8::try_from(byte).unwrap()).cycle();
            let payload: Vec<u8> = bytes.take(random.below(sizes[number % 5])).collect();
            let cut = random.below(payload.len());
            match random.below(4) {
                0 => {
                    unsent.extend(frame(0x02, &payload[..cut]));
                    unsent.extend(frame(PONG, b"between fragments"));
                    unsent.extend(frame(0x80, &payload[cut..]));
                }
                _ => unsent.extend(frame(BINARY, &payload)),
            }
            expected.extend(replies(&payload, max_frame_bytes));
        }
        unsent.extend(frame(CLOSE, b"\x03\xe8"));
        expected.extend(reply(CLOSE, b"\x03\xe8"));
        let unsent = unsent.into();
        Self { client, unsent, expected, received: Vec::new(), gone: false, scale }
    }

    fn step(&mut self, random: &mut Random) {
        match random.below(100) {
            0 if !self.gone => {
                self.gone = true;
                if random.below(2) == 0 { self.client.reset() } else { self.client.end_stream() }
            }
            1..50 if !self.gone => {
                let len =
                    random.below(self.unsent.len() + 1).min(1 + random.below(4_000 * self.scale));
                let piece: Vec<u8> = self.unsent.drain(..len).collect();
                self.client.send(&piece);
            }
            50..90 => self.received.extend(self.client.receive()),
            _ => self.client.set_window(random.below(5_000 * self.scale)),
        }
    }

    /// Everything that was left is sent and taken.
    fn finish(&mut self) {
        self.client.set_window(1 << 24);
        let rest: Vec<u8> = self.unsent.drain(..).collect();
        if !self.gone {
            self.client.send(&rest);
        }
    }

    fn check(&mut self, seed: u64) {
        self.received.extend(self.client.receive());
        assert!(self.client.is_closed(), "seed {seed}");
        let head = self.received.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let frames = head.map_or(&[][..], |end| &self.received[end + 4..]);
        if self.gone {
            assert!(self.expected.starts_with(frames), "seed {seed}");
        } else {
            assert!(self.expected == frames, "seed {seed}");
        }
    }
}

/// The frames of an echo.
fn replies(payload: &[u8], max_frame_bytes: usize) -> Vec<u8> {
    let mut rest = payload;
    let (mut frames, mut opcode) = (Vec::new(), 0x02);
    while let Some((piece, behind)) = rest.split_at_checked(max_frame_bytes)
        && !behind.is_empty()
    {
        frames.extend(reply(opcode, piece));
        (rest, opcode) = (behind, 0x00);
    }
    frames.extend(reply(0x80 | opcode, rest));
    frames
}

#[test]
fn every_echo_is_complete_and_in_order_whatever_the_network_does() {
    for seed in 0..50 {
        let mut random = Random::new(seed);
        let mut config = Config { deflate: None, ..Config::default() };
        let more_bytes = [5_000, 100_000][random.below(2)];
        config.read_buffer_bytes = 520 + random.below(more_bytes);
        config.send_options.max_frame_bytes = [10_000, 128 * 1024, 1 << 20][random.below(3)];
        let max_frame_bytes = config.send_options.max_frame_bytes;
        config.outbox_low_water_bytes = random.below(1_000);
        config.outbox_high_water_bytes = 1_000 + random.below(10_000);
        config.max_outbox_bytes = 1 << 20;
        let mut simulation = Simulation::new(seed, config, Probe::default());
        let mut peers: Vec<Peer> = Vec::new();
        for _ in 0..400 {
            if peers.len() < 12 && random.below(10) == 0 {
                peers.push(Peer::new(simulation.connect(), &mut random, max_frame_bytes));
            }
            let steps = random.below(5);
            for _ in 0..steps.min(peers.len()) {
                let index = random.below(peers.len());
                peers[index].step(&mut random);
            }
            simulation.run_for(Duration::from_millis(random.below(40) as u64));
        }
        peers.iter_mut().for_each(Peer::finish);
        simulation.run();
        peers.iter().for_each(|peer| peer.client.end_stream());
        simulation.run();
        peers.iter_mut().for_each(|peer| peer.check(seed));
        assert_eq!(simulation.connections(), 0, "seed {seed}");
        assert!(simulation.application().open.is_empty(), "seed {seed}");
    }
}
