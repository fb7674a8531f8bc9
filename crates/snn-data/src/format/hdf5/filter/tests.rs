use std::io::Write;

use proptest::prelude::*;

use super::bits::tests::{shuffle, shuffle_bits};
use super::*;

const CODECS: [Codec; 4] = [Codec::BloscLz, Codec::Lz4, Codec::Zlib, Codec::Zstd];

fn compress(codec: Codec, plain: &[u8]) -> Vec<u8> {
    match codec {
        Codec::Lz4 => lz4_flex::block::compress(plain),
        Codec::Zlib => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Default::default());
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        Codec::Zstd => {
            ruzstd::encoding::compress_to_vec(plain, ruzstd::encoding::CompressionLevel::Fastest)
        }
        // Literals only, which both read.
        Codec::BloscLz | Codec::Lzf => {
            plain.chunks(32).flat_map(|run| [&[run.len() as u8 - 1], run].concat()).collect()
        }
    }
}

/// A chunk of Blosc, by its format: the reordering is 0 for none, 1 for bytes, 2 for bits.
fn blosc(plain: &[u8], element: usize, block: usize, reorder: u8, codec: Codec) -> Vec<u8> {
    let code = [0, 1, 3, 4][CODECS.iter().position(|known| *known == codec).unwrap()];
    let blocks = plain.chunks(block).map(|bytes| {
        let whole = bytes.len() / element;
        let bytes = match reorder {
            1 => shuffle(bytes, element),
            2 if whole % 8 == 0 => {
                let (elements, rest) = bytes.split_at(whole * element);
                [shuffle_bits(elements, element), rest.to_vec()].concat()
            }
            _ => bytes.to_vec(),
        };
        // The condition of Blosc.
        let split =
            element <= 16 && block / element >= 128 && block % element == 0 && bytes.len() == block;
        let streams = if split { element } else { 1 };
        let streams = bytes.chunks(bytes.len() / streams).map(|stream| {
            let packed = compress(codec, stream);
            let packed = if packed.len() < stream.len() { packed } else { stream.to_vec() };
            [&(packed.len() as u32).to_le_bytes(), packed.as_slice()].concat()
        });
        streams.collect::<Vec<_>>().concat()
    });
    let blocks: Vec<Vec<u8>> = blocks.collect();
    let mut at = 16 + 4 * blocks.len();
    let starts: Vec<u8> = blocks
        .iter()
        .flat_map(|block| {
            at += block.len();
            ((at - block.len()) as u32).to_le_bytes()
        })
        .collect();
    let flags = [0, 1, 4][reorder as usize] | code << 5;
    let sizes = [plain.len(), block, at].map(|size| (size as u32).to_le_bytes());
    [[2, 1, flags, element as u8].to_vec(), sizes.concat(), starts, blocks.concat()].concat()
}

/// The frame of the filters LZ4 and bitshuffle, of streams.
fn frame(size: usize, block: usize, streams: &[Vec<u8>], rest: &[u8]) -> Vec<u8> {
    let mut bytes = (size as u64).to_be_bytes().to_vec();
    bytes.extend((block as u32).to_be_bytes());
    for stream in streams {
        bytes.extend((stream.len() as u32).to_be_bytes());
        bytes.extend(stream);
    }
    bytes.extend(rest);
    bytes
}

fn undo(step: Step, bytes: &[u8], limit: usize) -> Result<Vec<u8>, Problem> {
    step.undo(bytes.to_vec(), limit, &mut Scratch::default())
}

fn pipeline(steps: &[(u16, Step)]) -> Pipeline {
    Pipeline { steps: steps.to_vec(), scratch: Scratch::default() }
}

/// Bytes that compress, and some that do not.
fn plain() -> impl Strategy<Value = Vec<u8>> {
    let run = (any::<u8>(), 1_usize..200).prop_map(|(byte, n)| vec![byte; n]);
    let noise = prop::collection::vec(any::<u8>(), 1..200);
    prop::collection::vec(prop_oneof![run, noise], 1..20).prop_map(|parts| parts.concat())
}

fn steps() -> Vec<Step> {
    let bitshuffle = |element, block, codec| Step::Bitshuffle(Bitshuffle { element, block, codec });
    let mut steps = vec![
        Step::Blosc,
        Step::Lz4,
        bitshuffle(2, 0, None),
        bitshuffle(3, 8, Some(Codec::Lz4)),
        bitshuffle(1, 0, Some(Codec::Zstd)),
        Step::Compress(Codec::Lzf),
    ];
    steps.extend(CODECS.map(Step::Compress));
    steps
}

#[test]
fn a_chunk_of_blosc_by_hand() {
    // Version 2, shuffled, BloscLZ, elements of 2 bytes, 6 bytes in one block of 6: the block at 20, of
    // one stream of 6 bytes, which is not compressed: the low bytes 1, 2, 3, then the high ones.
    let packed = [2, 1, 0x11, 2, 6, 0, 0, 0, 6, 0, 0, 0, 30, 0, 0, 0, 20, 0, 0, 0, 6, 0, 0, 0];
    let packed = [packed.as_slice(), &[1, 2, 3, 0, 0, 9]].concat();
    assert_eq!(undo(Step::Blosc, &packed, 6).unwrap(), [1, 0, 2, 0, 3, 9]);
    let refused = |at: usize, byte: u8| {
        let mut packed = packed.clone();
        packed[at] = byte;
        undo(Step::Blosc, &packed, 6).unwrap_err().into_owned()
    };
    assert_eq!(refused(0, 5), "expected version 1 or 2, got 5");
    assert!(refused(2, 2 << 5).contains("Snappy"));
    assert_eq!(refused(2, 7 << 5), "unknown codec 7");
    assert_eq!(refused(3, 0), "states elements of 0 bytes");
    assert_eq!(refused(4, 7), "states 7 bytes, expected 6 at most");
    assert_eq!(refused(12, 31), "is shorter than it states");
    // Copied as it is, whatever the codec: the flag 2.
    let copied =
        [&packed[..2], &[2 | 2 << 5], &packed[3..12], &[22, 0, 0, 0, 5, 6, 7, 8, 9, 10]].concat();
    assert_eq!(undo(Step::Blosc, &copied, 6).unwrap(), [5, 6, 7, 8, 9, 10]);
}

#[test]
fn blocks_of_blosc_that_share_bytes_are_refused() {
    // Two blocks of 40 equal bytes, both at the same stream.
    let mut packed = blosc(&[7; 80], 1, 40, 0, Codec::Lz4);
    assert_eq!(undo(Step::Blosc, &packed, 80).unwrap(), [7; 80]);
    let len = packed.len();
    packed.copy_within(16..20, 20);
    let stream = (len - 24) / 2;
    packed.truncate(24 + stream);
    packed[12] = packed.len() as u8;
    let refusal = undo(Step::Blosc, &packed, 80).unwrap_err();
    assert_eq!(refusal, "its blocks are larger than the chunk");
}

#[test]
fn a_filter_that_was_skipped_is_not_undone() {
    let plain: Vec<u8> = (0..40).collect();
    let steps = [(2, Step::Shuffle(4)), (32015, Step::Compress(Codec::Zstd))];
    let packed = compress(Codec::Zstd, &shuffle(&plain, 4));
    assert_eq!(pipeline(&steps).undo(packed, 0, 40).unwrap(), plain);
    // Bit 1: not compressed.
    assert_eq!(pipeline(&steps).undo(shuffle(&plain, 4), 2, 40).unwrap(), plain);
    assert_eq!(pipeline(&steps).undo(plain.clone(), 3, 40).unwrap(), plain);
    let refusal = pipeline(&steps).undo(plain, 3, 41).unwrap_err();
    assert_eq!(refusal, "expected a chunk of 41 bytes, got 40");
}

#[test]
fn a_checksum_by_hand() {
    // Words 0x0102, 0x0300: the sums are 0x0402 and 0x0102 + 0x0402 = 0x0504.
    let whole = vec![1, 2, 3, 0x02, 0x04, 0x04, 0x05];
    assert_eq!(verified(whole.clone()).unwrap(), [1, 2, 3]);
    for at in 0..7 {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        assert!(verified(damaged).is_err());
    }
    assert!(verified(vec![0; 3]).is_err());
}

#[test]
fn filters_are_refused_by_number_name_and_remedy() {
    let ecf = unknown(0x8ecf, None);
    assert!(
        ecf.contains("36559 (ECF, Prophesee's") && ecf.contains("metavision_file_to_csv"),
        "{ecf}"
    );
    assert!(unknown(32026, Some("blosc2")).contains("32026 (Blosc2)"));
    assert!(unknown(4242, Some("mine")).contains("filter 4242 (mine) is not read; rewrite"));
    assert!(unknown(4242, None).contains("filter 4242 is not read"));
}

proptest! {
    #[test]
    fn blosc_by_its_format(
        plain in plain(),
        element in 1_usize..256,
        block in 1_usize..5000,
        reorder in 0_u8..3,
        codec in prop::sample::select(CODECS.to_vec()),
    ) {
        // Blocks end with elements, but for the last one.
        let block = block.next_multiple_of(element);
        let packed = blosc(&plain, element, block, reorder, codec);
        let unpacked = undo(Step::Blosc, &packed, plain.len()).unwrap();
        prop_assert_eq!(unpacked, plain.as_slice());
        prop_assert!(undo(Step::Blosc, &packed, plain.len() - 1).is_err());
    }

    #[test]
    fn frames_by_their_format(
        plain in plain(),
        element in 1_usize..20,
        block in 1_usize..40,
        codec in prop::sample::select(vec![Codec::Lz4, Codec::Zstd]),
    ) {
        let packed = plain.chunks(block).map(|bytes| {
            let packed = compress(Codec::Lz4, bytes);
            if packed.len() == bytes.len() { bytes.to_vec() } else { packed }
        });
        let packed = frame(plain.len(), block, &packed.collect::<Vec<_>>(), &[]);
        prop_assert_eq!(undo(Step::Lz4, &packed, plain.len()).unwrap(), plain.as_slice());
        prop_assert!(undo(Step::Lz4, &packed, plain.len() - 1).is_err());

        let (elements, rest) = plain.split_at(plain.len() / (8 * element) * 8 * element);
        let blocks = elements.chunks(8 * block * element).map(|block| shuffle_bits(block, element));
        let blocks: Vec<Vec<u8>> = blocks.collect();
        let options = Bitshuffle { element, block: 8 * block, codec: None };
        let packed = [blocks.concat(), rest.to_vec()].concat();
        let unpacked = undo(Step::Bitshuffle(options), &packed, plain.len()).unwrap();
        prop_assert_eq!(unpacked, plain.as_slice());
        // The frame states the size of a block; the options are only for the bare bytes.
        let options = Bitshuffle { element, block: 0, codec: Some(codec) };
        let blocks: Vec<Vec<u8>> = blocks.iter().map(|block| compress(codec, block)).collect();
        let packed = frame(plain.len(), 8 * block * element, &blocks, rest);
        let unpacked = undo(Step::Bitshuffle(options), &packed, plain.len()).unwrap();
        prop_assert_eq!(unpacked, plain.as_slice());
    }

    #[test]
    fn any_bytes_keep_to_the_limit(bytes: Vec<u8>, limit in 0_usize..1000) {
        for step in steps() {
            if let Ok(out) = undo(step, &bytes, limit) {
                prop_assert!(out.len() <= limit);
            }
        }
        let _ = verified(bytes);
    }

    #[test]
    fn damaged_bytes_keep_to_the_limit(
        plain in plain(),
        codec in prop::sample::select(CODECS.to_vec()),
        at in any::<prop::sample::Index>(),
        byte: u8,
    ) {
        let blocks = vec![compress(Codec::Lz4, &shuffle_bits(&plain[..plain.len() / 8 * 8], 1))];
        let rest = &plain[plain.len() / 8 * 8..];
        let bitshuffle = Bitshuffle { element: 1, block: 0, codec: Some(Codec::Lz4) };
        for (step, mut packed) in [
            (Step::Blosc, blosc(&plain, 2, 600, 1, codec)),
            (Step::Compress(codec), compress(codec, &plain)),
            (Step::Bitshuffle(bitshuffle), frame(plain.len(), plain.len().next_multiple_of(8), &blocks, rest)),
        ] {
            let at = at.index(packed.len());
            packed[at] = byte;
            if let Ok(out) = undo(step, &packed, plain.len()) {
                prop_assert!(out.len() <= plain.len());
            }
            packed.truncate(at);
            let _ = undo(step, &packed, plain.len());
        }
    }
}
