//! Properties of every loss, readout, regularizer and metric. A new one is in by a line of the
//! [`table`].

mod labels;
mod padding;
mod scores;
mod table;

use std::panic::{AssertUnwindSafe, catch_unwind};

/// The message that `run` panics with.
fn panic_message<T>(run: impl FnOnce() -> T) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(run)).err()?;
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).into()))
}
