//! Two compressors of the LZ77 family: LZF and BloscLZ.
//!
//! Both read a control byte that starts either literal bytes or a match, a copy of earlier output.

use super::Problem;

/// Appends the bytes that `packed` decompresses to, `limit` at most.
///
/// LZF (Lehmann, <http://oldhome.schmorp.de/marc/liblzf.html>): a control byte below 32 is followed
/// by one literal more than it says. Otherwise its upper 3 bits are the length of a match less 2, where
/// 7 adds the next byte; its lower 5 bits and the next byte, big-endian, are the distance less 1.
pub(super) fn lzf(packed: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Problem> {
    let start = out.len();
    let mut input = packed.iter();
    let mut next = || input.next().copied().map(usize::from);
    while let Some(control) = next() {
        if control < 32 {
            literals(&mut next, control + 1, start, limit, out)?;
            continue;
        }
        let mut length = control >> 5;
        if length == 7 {
            length += next().ok_or("a match without length")?;
        }
        let low = next().ok_or("a match without distance")?;
        copy(((control & 31) << 8) + low + 1, length + 2, start, limit, out)?;
    }
    Ok(())
}

/// Appends the bytes that `packed` decompresses to, `limit` at most.
///
/// BloscLZ, the codec of C-Blosc, is FastLZ's level 2 (Hidayat, <https://ariya.github.io/FastLZ/>): as
/// LZF, but the first control byte always starts literals; of a match of length 7, all next bytes up to
/// one below 255 add to it, and the low byte of the distance follows them. The distance 8191, all bits
/// set, is followed by 16 bits, big-endian, which add to it.
pub(super) fn blosclz(packed: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Problem> {
    let start = out.len();
    let mut input = packed.iter();
    let mut next = || input.next().copied().map(usize::from);
    let mut first = true;
    while let Some(mut control) = next() {
        if std::mem::take(&mut first) {
            control &= 31;
        }
        if control < 32 {
            literals(&mut next, control + 1, start, limit, out)?;
            continue;
        }
        let mut length = control >> 5;
        if length == 7 {
            loop {
                let more = next().ok_or("a match without length")?;
                length += more;
                if more < 255 {
                    break;
                }
            }
        }
        let low = next().ok_or("a match without distance")?;
        let mut distance = ((control & 31) << 8) + low;
        if distance == 8191 {
            let high = next().ok_or("a match without distance")?;
            distance += (high << 8) + next().ok_or("a match without distance")?;
        }
        copy(distance + 1, length + 2, start, limit, out)?;
    }
    Ok(())
}

fn literals(
    next: &mut impl FnMut() -> Option<usize>,
    length: usize,
    start: usize,
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<(), Problem> {
    if out.len() - start + length > limit {
        return Err("more bytes than its chunk has".into());
    }
    for _ in 0..length {
        out.push(next().ok_or("fewer literals than stated")? as u8);
    }
    Ok(())
}

/// Copies `length` bytes that begin `distance` bytes before the end of the output.
fn copy(
    distance: usize,
    length: usize,
    start: usize,
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<(), Problem> {
    let len = out.len();
    if distance > len - start {
        return Err("a match before the first byte".into());
    }
    if len - start + length > limit {
        return Err("more bytes than its chunk has".into());
    }
    let from = len - distance;
    if distance >= length {
        out.extend_from_within(from..from + length);
    } else {
        // It repeats what it writes itself.
        for at in from..from + length {
            out.push(out[at]);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lzf_by_hand() {
        // 3 literals; 4 bytes from 3 back, of which the last is one it wrote; 11 bytes from 1 back.
        let packed = [2, b'a', b'b', b'c', 2 << 5, 2, 7 << 5, 2, 0];
        let mut out = vec![b'-'];
        lzf(&packed, 18, &mut out).unwrap();
        assert_eq!(out, *b"-abcabcaaaaaaaaaaaa");
        assert!(lzf(&packed, 17, &mut Vec::new()).is_err());
        // One byte back is before the first.
        assert!(lzf(&[1 << 5, 0], 99, &mut vec![b'-']).is_err());
    }

    #[test]
    fn blosclz_by_hand() {
        // 1 literal, its upper bits are ignored; 264 = 7 + 255 + 0 + 2 bytes from 1 back.
        let mut out = Vec::new();
        blosclz(&[32, b'a', 7 << 5, 255, 0, 0], 265, &mut out).unwrap();
        assert_eq!(out, [b'a'; 265]);
        // 8193 bytes, then 3 from 8191 + 2 = 8193 back: the first ones.
        let mut packed = vec![];
        for chunk in (0..8193_u32).map(|k| k as u8).collect::<Vec<_>>().chunks(32) {
            packed.push(chunk.len() as u8 - 1);
            packed.extend_from_slice(chunk);
        }
        packed.extend([1 << 5 | 31, 255, 0, 1]);
        let mut out = Vec::new();
        blosclz(&packed, 9000, &mut out).unwrap();
        assert_eq!((out.len(), &out[8193..]), (8196, [0, 1, 2].as_slice()));
    }

    proptest! {
        #[test]
        fn any_bytes_keep_to_the_limit(packed: Vec<u8>, limit in 0_usize..300) {
            for codec in [lzf, blosclz] {
                let mut out = vec![1, 2, 3];
                let _ = codec(&packed, limit, &mut out);
                prop_assert!(out.len() <= 3 + limit && out.starts_with(&[1, 2, 3]));
            }
        }
    }
}
