//! A receiver written as plainly as the standard is, which obeys whatever [`Rules`] it is given. With
//! the standard's it is an oracle for Longwire; with those of a library it says what that library
//! makes of a stream. It shares nothing with the engine but the inflating library.

use longwire::Role;

use crate::header::Header;
use crate::inflate::Inflater;
use crate::message::Message;
use crate::outcome::{Event, Outcome, Verdict};
use crate::rules::{AfterClose, BadCode, Compressed, Point, Rules, UnfinishedText};
use crate::stream::{Deflate, Stream};
use crate::text::Text;

const PROTOCOL_ERROR: u16 = 1002;
const NO_STATUS: u16 = 1005;
const INVALID_PAYLOAD: u16 = 1007;
const MESSAGE_TOO_BIG: u16 = 1009;

/// What an endpoint with these rules makes of the stream.
pub(crate) fn run(stream: &Stream, rules: &Rules) -> Outcome {
    let mut model = Model {
        stream,
        rules,
        events: Vec::new(),
        message: None,
        text: Text::default(),
        inflater: Inflater::new(rules.window_outlasts_final_block),
        has_compressed: false,
    };
    let mut rest = &stream.bytes[..];
    let verdict = loop {
        match model.frame(rest) {
            Ok(len) => rest = &rest[len..],
            Err(Verdict::Closed) => break model.after_close(rest),
            Err(verdict) => break verdict,
        }
    };
    Outcome { events: model.events, verdict }
}

struct Model<'s> {
    stream: &'s Stream,
    rules: &'s Rules,
    events: Vec<Event>,
    message: Option<Message>,
    text: Text,
    inflater: Inflater,
    /// Whether a message with RSV1 has come: see [`Compressed`].
    has_compressed: bool,
}

/// Where there is nothing wrong; otherwise, how it ends.
type Checked = Result<(), Verdict>;

impl Model<'_> {
    /// One frame at the front of `rest`: its length.
    fn frame(&mut self, rest: &[u8]) -> Result<usize, Verdict> {
        let header = Header::read(rest).ok_or(Verdict::Lost)?;
        self.check(Point::Start, &header)?;
        if header.short_length == 127 && rest.get(2).is_some_and(|top| top & 0x80 != 0) {
            self.fail_at(self.rules.top_bit, Point::TopByte, self.rules.top_bit_code)?;
        }
        has(rest, header.length_end)?;
        self.check(Point::Length, &header)?;
        has(rest, header.end)?;
        self.check(Point::Header, &header)?;
        let wanted = usize::try_from(header.len).map_err(|_| Verdict::Lost)?;
        let mut payload = rest[header.end..].to_vec();
        payload.truncate(wanted);
        self.unmask(&header, &rest[header.length_end..header.end], &mut payload);
        let complete = payload.len() == wanted;
        if header.is_control() {
            self.control(&header, &payload, complete)?;
        } else {
            self.data(&header, &payload, complete)?;
        }
        Ok(header.end + wanted)
    }

    /// What is wrong with a header, of what is looked at here.
    fn check(&self, point: Point, header: &Header) -> Checked {
        let rules = self.rules;
        let agreed = self.stream.deflate != Deflate::No;
        let may_be_compressed = agreed && matches!(header.opcode, 1 | 2);
        let reserved = header.reserved & if agreed { 0x30 } else { 0x70 } != 0;
        let rsv1 = self.has_rsv1(header) && !may_be_compressed;
        // The first two bytes say that a length is over 125; later, the length itself is looked at.
        let length_is_long =
            if point == Point::Start { header.short_length > 125 } else { header.len > 125 };
        let too_long = header.is_control() && length_is_long;
        let masked_wrong = header.masked != (self.stream.role == Role::Server);
        let fewest = match header.len {
            0..=125 => header.short_length < 126,
            126..=0xffff => header.short_length == 126,
            _ => true,
        };
        let top_bit = header.len >> 63 != 0;
        let one_byte = header.opcode == 8 && header.len == 1;
        // §5.2, §5.1, §5.5, §5.4, §5.5.1, §10.4.
        let faults = [
            (rules.reserved_bits, reserved, PROTOCOL_ERROR),
            (rules.rsv1_elsewhere, rsv1, PROTOCOL_ERROR),
            (rules.reserved_opcode, matches!(header.opcode, 3..=7 | 11..), PROTOCOL_ERROR),
            (rules.control_fin, header.is_control() && !header.fin, PROTOCOL_ERROR),
            (rules.control_length, too_long && header.opcode == 9, PROTOCOL_ERROR),
            (rules.pong_and_close_length, too_long && header.opcode != 9, PROTOCOL_ERROR),
            (rules.mask_bit, masked_wrong, PROTOCOL_ERROR),
            (rules.sequence, self.is_out_of_order(header), PROTOCOL_ERROR),
            (rules.minimal_length, !fewest, PROTOCOL_ERROR),
            (rules.top_bit, top_bit, rules.top_bit_code),
            (rules.close_one_byte, one_byte, PROTOCOL_ERROR),
            (rules.frame_limit, self.is_frame_too_big(header), MESSAGE_TOO_BIG),
            (rules.message_limit, self.is_message_too_big(header), MESSAGE_TOO_BIG),
        ];
        let fault = faults.iter().find(|(looked_at, wrong, _)| *looked_at == point && *wrong);
        fault.map_or(Ok(()), |(_, _, code)| Err(self.failed(*code)))
    }

    /// §5.4: the fragments of one message are not interleaved with another's.
    fn is_out_of_order(&self, header: &Header) -> bool {
        match (header.is_continuation(), &self.message) {
            (true, None) => true,
            (false, Some(_)) if header.is_control() => false,
            (false, Some(_)) => !self.rules.restarts || header.fin,
            _ => false,
        }
    }

    /// A frame over the limit. Where a Ping may be too long, this is what bounds it.
    fn is_frame_too_big(&self, header: &Header) -> bool {
        let max = self.allowance(self.is_compressed(header));
        header.len > max || (self.rules.limit_is_over && header.len == max)
    }

    fn is_message_too_big(&self, header: &Header) -> bool {
        let Some(message) = &self.message else { return false };
        let wire_bytes = message.wire_bytes.saturating_add(header.len);
        !header.is_control() && wire_bytes > self.allowance(message.compressed)
    }

    /// How many bytes a message may take on the wire: the limit is on what comes out of it.
    fn allowance(&self, compressed: bool) -> u64 {
        let max = self.stream.max_message_bytes as u64;
        if compressed && self.rules.compressed_allowance { max + (max >> 4) + 64 } else { max }
    }

    fn is_compressed(&self, header: &Header) -> bool {
        match &self.message {
            Some(message) if header.is_continuation() => message.compressed,
            _ => self.has_rsv1(header) && matches!(header.opcode, 1 | 2),
        }
    }

    /// RFC 7692 §6: the bit says that a message is compressed, where that was agreed to.
    fn has_rsv1(&self, header: &Header) -> bool {
        header.reserved & 0x40 != 0 && self.stream.deflate != Deflate::No
    }

    /// §5.3. Who takes frames that are masked the wrong way either unmasks them or does not.
    fn unmask(&self, header: &Header, key: &[u8], payload: &mut [u8]) {
        if header.masked && (self.stream.role == Role::Server || self.rules.client_unmasks) {
            payload.iter_mut().zip(key.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
        }
    }

    fn control(&mut self, header: &Header, payload: &[u8], complete: bool) -> Checked {
        if header.opcode == 8 {
            self.check_close(Point::Arrival, payload, complete)?;
        }
        if !complete {
            return Err(Verdict::Lost);
        }
        self.check(Point::Frame, header)?;
        match header.opcode {
            9 => self.events.push(Event::Ping(payload.to_vec())),
            10 => {
                self.events.push(Event::Pong(payload.to_vec()));
                if self.rules.pong_forgets {
                    self.message = None;
                }
            }
            _ => {
                self.check_close(Point::Frame, payload, true)?;
                return Err(self.close(payload));
            }
        }
        Ok(())
    }

    /// §5.5.1, §7.4.
    fn check_close(&self, point: Point, body: &[u8], complete: bool) -> Checked {
        let [high, low, reason @ ..] = body else { return Ok(()) };
        let code = u16::from_be_bytes([*high, *low]);
        if !self.rules.takes_code(code) && self.rules.bad_code == BadCode::Fails {
            self.fail_at(self.rules.close_code, point, PROTOCOL_ERROR)?;
        }
        let is_text = match std::str::from_utf8(reason) {
            Ok(_) => true,
            Err(error) => !complete && error.error_len().is_none(),
        };
        if !is_text {
            self.fail_at(self.rules.close_reason, point, INVALID_PAYLOAD)?;
        }
        Ok(())
    }

    fn close(&mut self, body: &[u8]) -> Verdict {
        let (mut code, mut reason) = match body {
            [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason.to_vec()),
            _ => (NO_STATUS, Vec::new()),
        };
        if let BadCode::Becomes(other, text) = self.rules.bad_code
            && body.len() >= 2
            && !self.rules.takes_code(code)
        {
            (code, reason) = (other, text.into());
        }
        if body.len() >= 2 || self.rules.empty_close_is_told {
            self.events.push(Event::Close(code, reason));
        }
        Verdict::Closed
    }

    /// Whether something that looks like a frame follows the Close at the front of `rest`; it is not
    /// looked at any closer.
    fn after_close(&self, rest: &[u8]) -> Verdict {
        let close = Header::read(rest).map_or(0, |close| close.end as u64 + close.len);
        let rest = rest.get(usize::try_from(close).unwrap_or(0)..).unwrap_or_default();
        let next = Header::read(rest).filter(|next| rest.len() >= next.end);
        let Some(next) = next.filter(|_| self.rules.after_close == AfterClose::Fails) else {
            return Verdict::Closed;
        };
        let refused = self.check(Point::Header, &next).is_err();
        if refused || (rest.len() - next.end) as u64 >= next.len {
            return self.failed(PROTOCOL_ERROR);
        }
        Verdict::Closed
    }

    fn data(&mut self, header: &Header, payload: &[u8], complete: bool) -> Checked {
        let judged = if complete { self.check(Point::Frame, header) } else { Err(Verdict::Lost) };
        if self.is_out_of_order(header) {
            return judged;
        }
        let mut message = match self.message.take() {
            Some(message) if header.is_continuation() => message,
            _ => self.begin(header, payload),
        };
        message.fragments += 1;
        message.wire_bytes += header.len;
        message.last_is_empty = header.len == 0;
        self.arrive(&mut message, payload)?;
        let plain_text = message.is_text && !message.compressed;
        let point = self.text_point(&message);
        if complete && header.fin && plain_text && point == Point::Arrival {
            self.finish_text(&mut message)?;
        }
        judged?;
        if plain_text && point == Point::Frame {
            let good = self.text.push(payload);
            self.need(good, INVALID_PAYLOAD)?;
        }
        if !header.fin {
            self.message = Some(message);
            return Ok(());
        }
        self.end(message)
    }

    fn begin(&mut self, header: &Header, payload: &[u8]) -> Message {
        if self.rules.unfinished_text != UnfinishedText::HandedOut {
            self.text = Text::default();
        }
        if self.stream.deflate == Deflate::NoContextTakeover {
            self.inflater.reset();
        }
        let rsv1 = self.has_rsv1(header);
        match self.rules.compressed {
            Compressed::ByFirstFrame => {}
            Compressed::ByFirstFrameUnlessEmpty => {
                self.has_compressed |= rsv1 && !header.fin && !payload.is_empty();
            }
            Compressed::OnceAndForAll => self.has_compressed |= rsv1,
        }
        Message { is_text: header.opcode == 1, compressed: rsv1, ..Message::default() }
    }

    /// Takes as much of a frame's payload as has come.
    fn arrive(&mut self, message: &mut Message, payload: &[u8]) -> Checked {
        let rules = self.rules;
        if message.compressed && rules.inflate == Point::Arrival {
            let mut out = Vec::new();
            let inflated = self.inflater.push(payload, rules.after_final_block, &mut out);
            self.inflated(message, &out)?;
            return self.need(inflated.is_ok(), INVALID_PAYLOAD);
        }
        message.data.extend_from_slice(payload);
        let point = self.text_point(message);
        if message.is_text && !message.compressed && point == Point::Arrival {
            let good = self.text.push(payload);
            self.need(good, INVALID_PAYLOAD)?;
        }
        Ok(())
    }

    fn text_point(&self, message: &Message) -> Point {
        if message.fragments == 1 { self.rules.text } else { self.rules.continued_text }
    }

    /// Takes what came out of a compressed message: what is wrong first counts.
    fn inflated(&mut self, message: &mut Message, out: &[u8]) -> Checked {
        let max = self.stream.max_message_bytes;
        let room = if self.rules.inflated_limit { max - message.data.len() } else { usize::MAX };
        let within = &out[..out.len().min(room)];
        if message.is_text && self.rules.text != Point::Never {
            let good = self.text.push(within);
            self.need(good, INVALID_PAYLOAD)?;
        }
        self.need(within.len() == out.len(), MESSAGE_TOO_BIG)?;
        message.data.extend_from_slice(out);
        Ok(())
    }

    fn end(&mut self, mut message: Message) -> Checked {
        let rules = self.rules;
        if message.fragments > 1 {
            match rules.compressed {
                Compressed::ByFirstFrame => {}
                Compressed::ByFirstFrameUnlessEmpty => {
                    message.compressed = std::mem::take(&mut self.has_compressed);
                }
                Compressed::OnceAndForAll => message.compressed = self.has_compressed,
            }
        }
        let nothing = message.wire_bytes == 0 && rules.no_deflate_is_empty;
        if message.compressed && !nothing {
            self.finish_inflating(&mut message)?;
        }
        if message.is_text {
            self.finish_text(&mut message)?;
        }
        let event = if message.is_text { Event::Text } else { Event::Binary };
        self.events.push(event(message.data));
        Ok(())
    }

    fn finish_inflating(&mut self, message: &mut Message) -> Checked {
        let rules = self.rules;
        let mut out = Vec::new();
        let mut inflated = Ok(());
        if rules.inflate == Point::Message {
            let packed = std::mem::take(&mut message.data);
            inflated = self.inflater.push(&packed, rules.after_final_block, &mut out);
        }
        let after = rules.after_final_block;
        inflated = inflated
            .and_then(|()| self.inflater.finish(!rules.unfinished_deflate, after, &mut out));
        self.inflated(message, &out)?;
        self.need(inflated.is_ok(), INVALID_PAYLOAD)
    }

    fn finish_text(&mut self, message: &mut Message) -> Checked {
        let point = self.text_point(message);
        if point == Point::Message && !message.compressed {
            self.text = Text::default();
            let good = self.text.push(&message.data);
            self.need(good, INVALID_PAYLOAD)?;
        }
        let pending = self.text.pending();
        match self.rules.unfinished_text {
            _ if pending == 0 => {}
            UnfinishedText::HandedOut if message.last_is_empty => {}
            UnfinishedText::LeftOut if message.fragments > 1 => {
                message.data.truncate(message.data.len() - pending);
            }
            _ => return Err(self.failed(INVALID_PAYLOAD)),
        }
        Ok(())
    }

    fn need(&self, good: bool, code: u16) -> Checked {
        if good { Ok(()) } else { Err(self.failed(code)) }
    }

    fn fail_at(&self, looked_at: Point, point: Point, code: u16) -> Checked {
        self.need(looked_at != point, code)
    }

    fn failed(&self, code: u16) -> Verdict {
        Verdict::Failed(Some(self.rules.one_code.unwrap_or(code)))
    }
}

/// Whether that many bytes have come.
fn has(bytes: &[u8], len: usize) -> Checked {
    if bytes.len() < len { Err(Verdict::Lost) } else { Ok(()) }
}
