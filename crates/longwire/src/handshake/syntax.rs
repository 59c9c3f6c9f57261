//! The smallest pieces of HTTP's grammar: tokens and field values (RFC 9110 §5.6).

/// A `tchar`: a visible ASCII character that is not a delimiter (RFC 9110 §5.6.2).
pub(crate) const fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

/// `1*tchar`. A token is ASCII, so that nothing is one that is not UTF-8 (RFC 6455 §8.1).
pub(crate) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().copied().all(is_tchar)
}

/// A control character, HTAB not among them: what may stand nowhere in a head but as CRLF.
pub(crate) const fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

/// What may be sent as a field value: no control character, so no line can be smuggled into the
/// head (RFC 9110 §5.5).
pub(crate) fn is_field_value(text: &[u8]) -> bool {
    !text.iter().copied().any(is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_visible_ascii_without_delimiters() {
        // RFC 2616 §2.2, whose `token` RFC 6455 uses, names the separators.
        let separators = b"()<>@,;:\\\"/[]?={} \t";
        for byte in 0..=u8::MAX {
            let expected = (0x21..=0x7e).contains(&byte) && !separators.contains(&byte);
            assert_eq!(is_token(&[b'a', byte]), expected, "byte {byte:#04x}");
        }
        assert!(!is_token(b""));
    }

    #[test]
    fn a_field_value_holds_no_control_character_but_the_tab() {
        for byte in 0..=u8::MAX {
            let expected = byte == b'\t' || (byte >= 0x20 && byte != 0x7f);
            assert_eq!(is_field_value(&[b'a', byte]), expected, "byte {byte:#04x}");
        }
    }
}
