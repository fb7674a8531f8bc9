//! The IDX format, of MNIST and the sets made in its image: an array of bytes.
//!
//! Big-endian: two zero bytes, the type of the values, the number of axes, the size of each axis as
//! u32; then the values, last axis fastest (<http://yann.lecun.com/exdb/mnist/>). Of the types only
//! `0x08`, unsigned bytes, is read: no data set known to us uses another.

use thiserror::Error;

/// An array of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idx<'a> {
    /// Size of each axis.
    pub shape: Vec<usize>,
    /// Values, last axis fastest; as many as the shape says.
    pub values: &'a [u8],
}

/// Bytes that are not an IDX file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("byte {offset}: {problem}")]
pub struct IdxError {
    /// Where.
    pub offset: usize,
    /// What was expected and what is there.
    pub problem: String,
}

const UNSIGNED_BYTE: u8 = 0x08;

/// Reads a whole file.
///
/// ```
/// use snn_data::idx::decode;
///
/// let bytes = [0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 7, 8, 9];
/// let idx = decode(&bytes)?;
/// assert_eq!((idx.shape.as_slice(), idx.values), ([1, 3].as_slice(), [7, 8, 9].as_slice()));
/// # Ok::<(), snn_data::idx::IdxError>(())
/// ```
///
/// # Errors
///
/// If the file does not begin as an IDX file of unsigned bytes, ends too early, or goes on behind its
/// last value; says where.
pub fn decode(bytes: &[u8]) -> Result<Idx<'_>, IdxError> {
    let error = |offset, problem| Err(IdxError { offset, problem });
    let ends = |wanted: &str| IdxError {
        offset: bytes.len(),
        problem: format!("expected {wanted}, but the file ends"),
    };
    let (magic, rest) = bytes.split_first_chunk::<4>().ok_or_else(|| ends("a header"))?;
    let [zero, zero_too, kind, axes] = *magic;
    if [zero, zero_too] != [0, 0] {
        let problem = format!("expected two zero bytes, got {zero:#04x} {zero_too:#04x}");
        return error(0, problem);
    }
    if kind != UNSIGNED_BYTE {
        let problem = format!("expected values of type 0x08, unsigned bytes, got {kind:#04x}");
        return error(2, problem);
    }
    let axes = usize::from(axes);
    let (sizes, values) =
        rest.split_at_checked(4 * axes).ok_or_else(|| ends(&format!("{axes} sizes of axes")))?;
    let (sizes, _) = sizes.as_chunks::<4>();
    let shape: Vec<usize> = sizes.iter().map(|size| u32::from_be_bytes(*size) as usize).collect();
    let count = shape.iter().try_fold(1_usize, |count, size| count.checked_mul(*size));
    let Some(count) = count else {
        return error(4, format!("expected an array that fits into memory, got shape {shape:?}"));
    };
    if values.len() < count {
        return Err(ends(&format!("{count} values of shape {shape:?}, got {}", values.len())));
    }
    if values.len() > count {
        let problem = format!("expected the end of the file, got {} more", values.len() - count);
        return error(bytes.len() - values.len() + count, problem);
    }
    Ok(Idx { shape, values })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shape `[2, 3]`.
    const FILE: [u8; 18] = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255];

    fn refusal(bytes: &[u8]) -> (usize, String) {
        let error = decode(bytes).unwrap_err();
        assert!(error.to_string().starts_with(&format!("byte {}: ", error.offset)));
        (error.offset, error.problem)
    }

    #[test]
    fn values_and_shape() {
        let idx = decode(&FILE).unwrap();
        assert_eq!((idx.shape, idx.values), (vec![2, 3], [1, 2, 3, 4, 5, 255].as_slice()));
        let scalar = decode(&[0, 0, 8, 0, 9]).unwrap();
        assert_eq!((scalar.shape, scalar.values), (vec![], [9].as_slice()));
        assert!(decode(&[0, 0, 8, 1, 0, 0, 0, 0]).unwrap().values.is_empty());
    }

    #[test]
    fn a_file_that_is_cut_anywhere_is_refused_where_it_ends() {
        for len in 0..FILE.len() {
            let (offset, problem) = refusal(&FILE[..len]);
            assert_eq!(offset, len);
            let wanted = match len {
                0..4 => "expected a header",
                4..12 => "expected 2 sizes of axes",
                _ => "expected 6 values of shape [2, 3]",
            };
            assert!(problem.contains(wanted), "{len}: {problem}");
        }
    }

    #[test]
    fn other_formats_and_types_are_refused() {
        assert_eq!(refusal(b"\x1f\x8b\x08\x00").0, 0);
        let (offset, problem) = refusal(&[0, 0, 0x0d, 1, 0, 0, 0, 0]);
        assert!(offset == 2 && problem.contains("got 0x0d"), "{problem}");
    }

    #[test]
    fn bytes_behind_the_last_value_are_refused() {
        let (offset, problem) = refusal(&[FILE.as_slice(), &[0, 0]].concat());
        assert!(offset == 18 && problem.ends_with("got 2 more"), "{problem}");
    }

    #[test]
    fn a_shape_beyond_memory_is_refused() {
        let (offset, _) = refusal(&[[0, 0, 8, 3].as_slice(), &[255; 12]].concat());
        assert_eq!(offset, 4);
    }
}
