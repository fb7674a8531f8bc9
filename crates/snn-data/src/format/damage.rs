//! Damaged copies of files, for tests: a decoder must survive all of them.

/// Copies of a file that are cut off, that have bits flipped, and that have four bytes overwritten
/// with what sizes like to be.
pub(super) fn damaged(file: &[u8], copies: usize) -> impl Iterator<Item = Vec<u8>> + '_ {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = move |below: usize| {
        // xorshift64.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    let step = (file.len() / copies.max(1)).max(1);
    let cuts = (0..file.len()).step_by(step).map(|end| file[..end].to_vec());
    let changed = (0..copies).map(move |copy| {
        let mut bytes = file.to_vec();
        // Headers are at the start of most formats: half of the copies are damaged there.
        let reach = if copy % 2 == 0 { file.len() } else { file.len().min(512) };
        if copy % 3 == 0 {
            let at = draw(reach.saturating_sub(4));
            let value = [0, u32::MAX, 0x7fff_ffff, 0x1000_0000][draw(4)].to_le_bytes();
            for (byte, value) in bytes.iter_mut().skip(at).zip(value) {
                *byte = value;
            }
        } else {
            for _ in 0..=draw(4) {
                let at = draw(reach);
                bytes[at] ^= 1 << draw(8);
            }
        }
        bytes
    });
    cuts.chain(changed)
}
