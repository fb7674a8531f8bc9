//! Filters of chunks (<https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html>, IV.A.2.l)
//! which the crate `hdf5-pure` leaves out: those by which event cameras' files are compressed.

mod bits;
mod bitshuffle;
mod blosc;
mod codec;
mod lz;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use hdf5_pure::Filter;

use bitshuffle::Bitshuffle;
use codec::{Codec, Scratch};

/// Problem of a chunk.
pub(super) type Problem = Cow<'static, str>;

/// The filters of a dataset, in the order in which they were applied.
pub(super) struct Pipeline {
    steps: Vec<(u16, Step)>,
    scratch: Scratch,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// The bytes of an element.
    Shuffle(usize),
    Fletcher32,
    Compress(Codec),
    Blosc,
    Lz4,
    Bitshuffle(Bitshuffle),
}

/// The rest of some bytes.
struct Bytes<'a>(&'a [u8]);

/// Filters that `hdf5-pure` undoes: deflate, shuffle, Fletcher-32, scale-offset, LZF.
const KNOWN: [u16; 5] = [1, 2, 3, 6, 32000];

/// Compressors of a dataset.
const MOST_PACKING: usize = 2;

/// Bytes of a chunk's checksum.
const CHECKSUM: usize = 4;

/// Whether `hdf5-pure` undoes all filters of a dataset.
pub(super) fn are_known(filters: &[u16]) -> bool {
    filters.iter().all(|filter| KNOWN.contains(filter))
}

/// Output per stored byte, at most, over all filters: no chunk is larger.
pub(super) fn densest(filters: &[u16]) -> u64 {
    let densest = filters.iter().map(|filter| match filter {
        32000 => Codec::Lzf.densest(),
        32004 => Codec::Lz4.densest(),
        // Both may pack by zstd.
        32001 | 32008 | 32015 => Codec::Zstd.densest(),
        _ => Codec::Zlib.densest(),
    });
    densest.max().unwrap_or(1)
}

impl Pipeline {
    /// The filters of a dataset with elements of so many bytes.
    ///
    /// # Errors
    ///
    /// A filter is unknown; names it and the remedy.
    pub fn new(filters: &[Filter], element: usize) -> Result<Self, Problem> {
        let steps = filters.iter().map(|filter| Ok((filter.id, Step::new(filter, element)?)));
        let steps: Vec<(u16, Step)> = steps.collect::<Result<_, Problem>>()?;
        // Each may double what the one before gets to work on.
        let plain = |step: &Step| matches!(step, Step::Shuffle(_) | Step::Fletcher32);
        let packing = steps.iter().filter(|(_, step)| !plain(step)).count();
        if packing > MOST_PACKING {
            return Err(
                format!("expected at most {MOST_PACKING} compressors, found {packing}").into()
            );
        }
        Ok(Self { steps, scratch: Scratch::default() })
    }

    /// The `size` bytes of a chunk. A bit of `skipped` stands for a filter that was not applied.
    ///
    /// # Errors
    ///
    /// The bytes are damaged, or have another size.
    pub fn undo(&mut self, stored: Vec<u8>, skipped: u32, size: usize) -> Result<Vec<u8>, Problem> {
        let applied = |index: usize| index >= 32 || skipped >> index & 1 == 0;
        // What a filter got to work on is bounded by what those before it made of the chunk.
        let limits = self.steps.iter().enumerate().scan(size, |limit, (index, (_, step))| {
            let before = *limit;
            *limit = if applied(index) { step.most(before) } else { before };
            Some(before)
        });
        let limits: Vec<usize> = limits.collect();
        let mut bytes = stored;
        for (index, (filter, step)) in self.steps.iter().enumerate().rev() {
            if applied(index) {
                let undone = step.undo(bytes, limits[index], &mut self.scratch);
                bytes = undone.map_err(|problem| format!("filter {filter}: {problem}"))?;
            }
        }
        if bytes.len() != size {
            let found = bytes.len();
            return Err(format!("expected a chunk of {size} bytes, got {found}").into());
        }
        Ok(bytes)
    }
}

impl Step {
    fn new(filter: &Filter, element: usize) -> Result<Self, Problem> {
        let value = |index: usize| filter.client_data.get(index).map(|value| *value as usize);
        Ok(match filter.id {
            1 => Self::Compress(Codec::Zlib),
            2 => Self::Shuffle(value(0).filter(|size| *size > 0).unwrap_or(element)),
            3 => Self::Fletcher32,
            32000 => Self::Compress(Codec::Lzf),
            32001 => Self::Blosc,
            32004 => Self::Lz4,
            // Its values are the version, twice, the bytes of an element, the elements of a block, and
            // the codec.
            32008 => Self::Bitshuffle(Bitshuffle {
                element: value(2).filter(|size| *size > 0).unwrap_or(element),
                block: value(3).unwrap_or(0),
                codec: match value(4).unwrap_or(0) {
                    0 => None,
                    2 => Some(Codec::Lz4),
                    3 => Some(Codec::Zstd),
                    other => return Err(format!("bitshuffle: unknown codec {other}").into()),
                },
            }),
            32015 => Self::Compress(Codec::Zstd),
            id => return Err(unknown(id, filter.name.as_deref())),
        })
    }

    /// Bytes that `size` bytes become at most.
    fn most(self, size: usize) -> usize {
        match self {
            Self::Shuffle(_) => size,
            Self::Fletcher32 => size.saturating_add(CHECKSUM),
            // What does not compress grows, by a frame and a few bytes per block.
            _ => size.saturating_mul(2).saturating_add(64),
        }
    }

    fn undo(self, bytes: Vec<u8>, limit: usize, scratch: &mut Scratch) -> Result<Vec<u8>, Problem> {
        let mut out = Vec::new();
        match self {
            Self::Fletcher32 => return verified(bytes),
            Self::Shuffle(size) => bits::unshuffle(&bytes, size, &mut out),
            Self::Compress(codec) => codec.unpack(&bytes, limit, scratch, &mut out)?,
            Self::Blosc => blosc::unpack(&bytes, limit, scratch, &mut out)?,
            Self::Lz4 => bitshuffle::unpack_lz4(&bytes, limit, scratch, &mut out)?,
            Self::Bitshuffle(options) => options.unpack(&bytes, limit, scratch, &mut out)?,
        }
        Ok(out)
    }
}

/// The bytes before a Fletcher-32 checksum, which holds for them.
fn verified(mut bytes: Vec<u8>) -> Result<Vec<u8>, Problem> {
    let len = bytes.len().checked_sub(CHECKSUM).ok_or("no room for its checksum")?;
    let stored = bytes.split_off(len);
    let (mut first, mut second) = (0_u64, 0_u64);
    for pair in bytes.chunks(2) {
        let word = u64::from(pair[0]) << 8 | u64::from(*pair.get(1).unwrap_or(&0));
        first = (first + word) % 65535;
        second = (second + first) % 65535;
    }
    // 0 and 65535 are one number; versions before 1.6.3 wrote the bytes in another order.
    let halves = |high: [u8; 2], low: [u8; 2], value: fn([u8; 2]) -> u16| {
        [high, low].map(|bytes| u64::from(value(bytes)) % 65535) == [second, first]
    };
    let [a, b, c, d] = [0, 1, 2, 3].map(|k| stored[k]);
    let holds =
        halves([c, d], [a, b], u16::from_le_bytes) || halves([c, d], [a, b], u16::from_be_bytes);
    if holds { Ok(bytes) } else { Err("the checksum does not hold".into()) }
}

/// The refusal of a filter by its number and, where it is known, its name, with the remedy.
fn unknown(id: u16, name: Option<&str>) -> Problem {
    let known = match id {
        4 => Some("szip"),
        5 => Some("n-bit"),
        6 => Some("scale-offset, together with other filters"),
        307 => Some("bzip2"),
        32003 => Some("Snappy"),
        32013 => Some("ZFP"),
        32017 => Some("SZ"),
        32018 => Some("FCIDECOMP"),
        32024 => Some("SZ3"),
        32026 => Some("Blosc2"),
        ECF => Some("ECF, Prophesee's Event Compression Format"),
        _ => None,
    };
    let name = known.or(name).map(|name| format!(" ({name:.80})")).unwrap_or_default();
    let remedy = match id {
        ECF => {
            "export the recording by `metavision_file_to_csv -i FILE`, or rewrite the file by `h5repack \
             -f NONE IN OUT` where the ECF plugin is installed"
        }
        4..=6 => "rewrite the file by `h5repack -f NONE IN OUT`",
        _ => "rewrite the file by `h5repack -f NONE IN OUT` where the filter's plugin is installed",
    };
    format!("its filter {id}{name} is not read; {remedy}").into()
}

/// The number that Prophesee chose, 0x8ECF (<https://docs.prophesee.ai/stable/data/file_formats/hdf5.html>).
const ECF: u16 = 0x8ecf;

impl<'a> Bytes<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Problem> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or("ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        let (array, rest) = self.0.split_first_chunk::<N>().ok_or("ends too early")?;
        self.0 = rest;
        Ok(*array)
    }

    /// Bytes behind their number, u32, big-endian.
    fn sized_be(&mut self) -> Result<&'a [u8], Problem> {
        let len = u32::from_be_bytes(self.array()?);
        self.take(len as usize)
    }
}
