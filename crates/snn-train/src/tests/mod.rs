//! Properties of every loss, readout, regularizer and metric. A new one is in by a line of the
//! [`table`].

mod labels;
mod padding;
mod scores;
mod table;

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::test_runner::Config;

/// So many cases, or as many as the environment variable `PROPTEST_CASES` asks for.
fn cases(count: u32) -> Config {
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => Config { failure_persistence: None, ..Config::default() },
        None => Config { failure_persistence: None, ..Config::with_cases(count) },
    }
}

/// The message that `run` panics with.
fn panic_message<T>(run: impl FnOnce() -> T) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(run)).err()?;
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).into()))
}
