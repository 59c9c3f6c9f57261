//! What is measured, a file for each kind of task.

mod receive;

use crate::row::Row;

/// All rows of all tables, in their order.
pub(crate) fn all() -> Vec<Row> {
    receive::rows()
}
