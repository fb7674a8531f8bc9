//! Values as few bytes, and back.

mod bytes;
mod columns;
mod frames;
#[cfg(test)]
mod tests;

use thiserror::Error;

/// A value that can be kept as bytes.
///
/// Events and spikes are kept as columns of whole numbers, of as few bytes as the largest needs; frames as
/// bits, and the values that are not zero if they are not all 1. What that makes is packed by LZ4 if it gets
/// smaller.
/// Nothing is rounded: unpacking gives the same value again, bit for bit.
pub trait Pack: Sized {
    /// The name of the type and of how it is packed: another one whenever either changes.
    const KIND: &'static str;

    /// The bytes.
    fn pack(&self) -> Vec<u8>;

    /// The value of bytes of this type.
    ///
    /// # Errors
    ///
    /// The bytes are damaged, as far as that shows. Whatever they are, no more memory is asked for than they
    /// account for: 255 bytes for each by LZ4, and what these unpack to.
    fn unpack(bytes: &[u8]) -> Result<Self, PackError>;
}

/// Bytes that are no packed value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("packed data: {problem}")]
pub struct PackError {
    /// What was expected and what is there.
    pub problem: String,
}

impl PackError {
    /// With what is wrong.
    pub fn new(problem: impl Into<String>) -> Self {
        Self { problem: problem.into() }
    }
}
