//! What is measured, a file for each kind of task.

mod deflate;
mod handshake;
mod masking;
mod prepared;
mod receive;
mod send;
mod utf8;

use crate::row::Row;

/// All rows of all tables, in their order.
pub(crate) fn all() -> Vec<Row> {
    let kinds = [
        receive::rows(),
        send::rows(),
        handshake::rows(),
        prepared::rows(),
        masking::rows(),
        utf8::rows(),
        deflate::rows(),
    ];
    kinds.into_iter().flatten().collect()
}
