//! Random numbers of the operating system.

/// The nonce of a handshake (RFC 6455 §4.1) and masking keys (RFC 6455 §5.3), which nobody must be
/// able to predict: fresh each time.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    bytes
}
