//! The frame header (RFC 6455 §5.2), read with no judgement: the model's rules judge it.

/// What the first bytes of a frame say.
pub(crate) struct Header {
    pub(crate) fin: bool,
    /// RSV1 to RSV3, where they were in the byte.
    pub(crate) reserved: u8,
    pub(crate) opcode: u8,
    pub(crate) masked: bool,
    /// The length's seven bits.
    pub(crate) short_length: u8,
    /// How many bytes there are up to the end of the length, and to the end of the key.
    pub(crate) length_end: usize,
    pub(crate) end: usize,
    /// 0 while it has not come.
    pub(crate) len: u64,
}

impl Header {
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let &[first, second, ..] = bytes else { return None };
        let (masked, short_length) = (second & 0x80 != 0, second & 0x7f);
        let length_end = match short_length {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        let long = bytes.get(2..length_end).unwrap_or_default();
        let len = match long {
            [] if short_length < 126 => u64::from(short_length),
            long => long.iter().fold(0, |len, byte| len << 8 | u64::from(*byte)),
        };
        Some(Self {
            fin: first & 0x80 != 0,
            reserved: first & 0x70,
            opcode: first & 0x0f,
            masked,
            short_length,
            length_end,
            end: length_end + if masked { 4 } else { 0 },
            len,
        })
    }

    pub(crate) fn is_control(&self) -> bool {
        self.opcode >= 8
    }

    pub(crate) fn is_continuation(&self) -> bool {
        self.opcode == 0
    }
}

#[cfg(test)]
mod tests {
    use super::Header;

    #[test]
    fn headers() {
        type Row<'r> = (&'r [u8], Option<(usize, usize, u64)>);
        let table: &[Row<'_>] = &[
            (b"\x81", None),
            (b"\x81\x05", Some((2, 2, 5))),
            (b"\x81\x85", Some((2, 6, 5))),
            (b"\x81\x7e\x01", Some((4, 4, 0))),
            (b"\x81\x7e\x01\x02", Some((4, 4, 0x102))),
            (b"\x81\xff\x80\0\0\0\0\0\0\x01", Some((10, 14, 1 << 63 | 1))),
        ];
        for (bytes, expected) in table {
            let got = Header::read(bytes).map(|header| (header.length_end, header.end, header.len));
            assert_eq!(got, *expected, "{bytes:02x?}");
        }
        let header = Header::read(b"\x59\x80").unwrap();
        assert!(!header.fin && header.masked && header.is_control());
        assert_eq!((header.reserved, header.opcode), (0x50, 9));
    }
}
