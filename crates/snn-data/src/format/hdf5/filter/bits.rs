//! Reordering of the bytes and bits of elements, which compresses better.

/// Undoes a byte shuffle: `shuffled` holds the first bytes of all elements, then the second bytes,
/// and so on. Bytes after the last whole element stay where they are.
pub(super) fn unshuffle(shuffled: &[u8], size: usize, out: &mut Vec<u8>) {
    if size < 2 {
        return out.extend_from_slice(shuffled);
    }
    let elements = shuffled.len() / size;
    let start = out.len();
    out.resize(start + elements * size, 0);
    let (planes, rest) = shuffled.split_at(elements * size);
    if elements > 0 {
        for (at, plane) in planes.chunks_exact(elements).enumerate() {
            for (element, byte) in out[start..].chunks_exact_mut(size).zip(plane) {
                element[at] = *byte;
            }
        }
    }
    out.extend_from_slice(rest);
}

/// Undoes a bit shuffle: `shuffled` holds the lowest bits of all elements, 8 a byte, then the second
/// bits, and so on (Masui et al. 2015, <https://doi.org/10.1016/j.ascom.2015.07.002>). The length is a
/// multiple of 8 elements.
pub(super) fn unshuffle_bits(shuffled: &[u8], size: usize, out: &mut Vec<u8>) {
    let row = shuffled.len() / (8 * size);
    let start = out.len();
    out.resize(start + 8 * size * row, 0);
    for (at, rows) in shuffled.chunks_exact(8 * row.max(1)).enumerate() {
        // Eight rows of bits make one byte of each element.
        for (group, elements) in out[start..].chunks_exact_mut(8 * size).enumerate() {
            let bits = std::array::from_fn(|bit| rows[bit * row + group]);
            let bytes = transpose(u64::from_le_bytes(bits)).to_le_bytes();
            for (element, byte) in elements.chunks_exact_mut(size).zip(bytes) {
                element[at] = byte;
            }
        }
    }
}

/// Transposes 8 x 8 bits, a row a byte (Warren, Hacker's Delight, 7-3): bits are swapped across the
/// diagonal of squares of 2, 4 and 8 bits.
fn transpose(mut bits: u64) -> u64 {
    for (shift, mask) in
        [(7, 0x00aa_00aa_00aa_00aa), (14, 0x0000_cccc_0000_cccc), (28, 0x0000_0000_f0f0_f0f0)]
    {
        let swapped = (bits ^ (bits >> shift)) & mask;
        bits ^= swapped ^ (swapped << shift);
    }
    bits
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// First the first bytes of all elements, then the second; what is no element stays.
    pub fn shuffle(plain: &[u8], size: usize) -> Vec<u8> {
        let (elements, rest) = plain.split_at(plain.len() / size * size);
        let planes = (0..size).flat_map(|at| elements.iter().skip(at).step_by(size).copied());
        planes.chain(rest.iter().copied()).collect()
    }

    /// Bit b of element e is bit e of row b.
    pub fn shuffle_bits(plain: &[u8], size: usize) -> Vec<u8> {
        let elements = plain.len() / size;
        let mut shuffled = vec![0; plain.len()];
        for (element, bytes) in plain.chunks(size).enumerate() {
            for bit in (0..8 * size).filter(|bit| bytes[bit / 8] >> (bit % 8) & 1 == 1) {
                shuffled[bit * elements / 8 + element / 8] |= 1 << (element % 8);
            }
        }
        shuffled
    }

    #[test]
    fn a_shuffle_by_hand() {
        // Elements of 3 bytes: [1, 2, 3], [4, 5, 6], and 2 bytes that are no element.
        let mut out = vec![9];
        unshuffle(&[1, 4, 2, 5, 3, 6, 7, 8], 3, &mut out);
        assert_eq!(out, [9, 1, 2, 3, 4, 5, 6, 7, 8]);
    }

    proptest! {
        #[test]
        fn elements_are_put_back(size in 1_usize..20, groups in 0_usize..6, seed in any::<u64>()) {
            let plain: Vec<u8> = (0..8 * groups * size)
                .map(|k| (seed.wrapping_mul(2 * k as u64 + 1) >> 40) as u8)
                .collect();
            let mut out = Vec::new();
            unshuffle_bits(&shuffle_bits(&plain, size), size, &mut out);
            prop_assert_eq!(&out, &plain);
            out.clear();
            unshuffle(&shuffle(&plain, size), size, &mut out);
            prop_assert_eq!(out, plain);
        }
    }
}
