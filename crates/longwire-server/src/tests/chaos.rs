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
}

impl Peer {
    fn new(client: Client, random: &mut Random) -> Self {
        client.set_max_write(1 + random.below(3_000));
        client.set_window(random.below(2_000));
        let (mut unsent, mut expected) = (REQUEST.as_bytes().to_vec(), Vec::new());
        for number in 0..random.below(60) {
            let sizes = [5, 125, 126, 1_000, 5_000];
            let payload =
                vec![b'a' + u8::try_from(number % 26).unwrap(); random.below(sizes[number % 5])];
            let cut = random.below(payload.len());
            match random.below(4) {
                0 => {
                    unsent.extend(frame(0x02, &payload[..cut]));
                    unsent.extend(frame(PONG, b"between fragments"));
                    unsent.extend(frame(0x80, &payload[cut..]));
                }
                _ => unsent.extend(frame(BINARY, &payload)),
            }
            expected.extend(reply(BINARY, &payload));
        }
        unsent.extend(frame(CLOSE, b"\x03\xe8"));
        expected.extend(reply(CLOSE, b"\x03\xe8"));
        Self { client, unsent: unsent.into(), expected, received: Vec::new(), gone: false }
    }

    fn step(&mut self, random: &mut Random) {
        match random.below(100) {
            0 if !self.gone => {
                self.gone = true;
                if random.below(2) == 0 { self.client.reset() } else { self.client.end_stream() }
            }
            1..50 if !self.gone => {
                let len = random.below(self.unsent.len() + 1).min(1 + random.below(4_000));
                let piece: Vec<u8> = self.unsent.drain(..len).collect();
                self.client.send(&piece);
            }
            50..90 => self.received.extend(self.client.receive()),
            _ => self.client.set_window(random.below(5_000)),
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

#[test]
fn every_echo_is_complete_and_in_order_whatever_the_network_does() {
    for seed in 0..50 {
        let mut random = Random::new(seed);
        let mut config = Config { deflate: None, ..Config::default() };
        config.read_buffer_bytes = 520 + random.below(5_000);
        config.outbox_low_water_bytes = random.below(1_000);
        config.outbox_high_water_bytes = 1_000 + random.below(10_000);
        config.max_outbox_bytes = 1 << 20;
        let mut simulation = Simulation::new(seed, config, Probe::default());
        let mut peers: Vec<Peer> = Vec::new();
        for _ in 0..400 {
            if peers.len() < 12 && random.below(10) == 0 {
                peers.push(Peer::new(simulation.connect(), &mut random));
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
