//! The numbers that errors have in the protocol.

use crate::Error;

/// The number of an error. SDKs act on it: 109 has them fetch a new token.
pub fn code(error: &Error) -> u16 {
    match error {
        Error::Internal => 100,
        Error::Unauthorized => 101,
        Error::UnknownChannel => 102,
        Error::PermissionDenied => 103,
        Error::MethodNotFound => 104,
        Error::AlreadySubscribed => 105,
        Error::LimitExceeded(_) | Error::TooLong(_) => 106,
        Error::BadRequest(_) => 107,
        Error::NotAvailable => 108,
        Error::TokenExpired => 109,
        Error::Expired => 110,
        Error::TooManyRequests => 111,
        Error::UnrecoverablePosition => 112,
    }
}

/// Whether the same command may succeed later: SDKs try again by themselves.
pub fn is_temporary(error: &Error) -> bool {
    matches!(error, Error::Internal | Error::TooManyRequests)
}
