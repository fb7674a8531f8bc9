//! Decoding piece by piece, of which decoding a whole file is the case of one piece.

use super::detect::not_empty;
use super::interpretation::{Basis, Finding};
use super::{Format, FormatError, Options, aedat2, aedat3, aedat4, atis, bs3, dat, es};
use super::{evt2, evt3, evt21};
use crate::events::{Columns, Event, Events, Outside, SensorSize};
use crate::memory::advise_huge_pages;

/// Decodes the events behind the header of a file, that come in pieces.
pub(super) trait Decoder: BoxedClone + Send + Sync {
    /// Decodes what is whole, and appends its events. Returns how many bytes that were: those behind
    /// are of something that is not whole yet, and are given again, with more behind them.
    ///
    /// The offset of an error counts from the first of these bytes.
    fn feed(&mut self, bytes: &[u8], events: &mut Columns) -> Result<usize, FormatError>;
}

/// What [`Clone`] is, for a trait object.
pub(super) trait BoxedClone {
    fn boxed_clone(&self) -> Box<dyn Decoder>;
}

impl<D: Decoder + Clone + 'static> BoxedClone for D {
    fn boxed_clone(&self) -> Box<dyn Decoder> {
        Box::new(self.clone())
    }
}

/// What a header says.
pub(super) struct Opened {
    pub decoder: Box<dyn Decoder>,
    /// The sensor, if the file states it, or a camera.
    pub sensor: Option<Finding<SensorSize>>,
    /// Bytes of the header.
    pub header: usize,
}

impl Opened {
    pub(super) fn new(
        decoder: impl Decoder + 'static,
        sensor: Option<SensorSize>,
        header: usize,
    ) -> Self {
        let sensor = sensor.map(|sensor| Finding::new(sensor, Basis::File));
        Self { decoder: Box::new(decoder), sensor, header }
    }
}

/// A decoder, and checks of what comes out of it.
pub(super) struct Feeder {
    decoder: Box<dyn Decoder>,
    /// Sensor of the options, or else of the file.
    pub sensor: Option<SensorSize>,
    /// Sensor of the file, or of its camera.
    pub stated: Option<Finding<SensorSize>>,
    /// Policy for events outside the sensor.
    outside: Outside,
    /// How many events were dropped or clipped.
    pub count_outside: usize,
    /// Bytes that were decoded, the header among them.
    pub offset: usize,
}

impl Clone for Feeder {
    fn clone(&self) -> Self {
        Self { decoder: self.decoder.boxed_clone(), stated: self.stated.clone(), ..*self }
    }
}

/// Bytes that are decoded before their events are checked, while these are in the cache.
const PIECE: usize = 1 << 17;

impl Feeder {
    /// Reads the header. `None` if more bytes are needed for that; `whole` says that there are none.
    pub(super) fn open(
        format: Format,
        bytes: &[u8],
        whole: bool,
        options: &Options,
    ) -> Result<Option<Self>, FormatError> {
        if whole {
            not_empty(bytes)?;
        }
        let opened = match format {
            Format::AtisBin => Some(atis::open(true)),
            Format::Bs2 => Some(atis::open(false)),
            Format::Bs3 => Some(bs3::open()),
            Format::Aedat1 => aedat2::open_1(bytes, whole, options)?,
            Format::Aedat2 => aedat2::open(bytes, whole, options)?,
            Format::Aedat3 => aedat3::open(bytes, whole)?,
            Format::Aedat4 => aedat4::open(bytes)?,
            Format::Dat => dat::open(bytes, whole)?,
            Format::Evt2 => evt2::open(bytes, whole)?,
            Format::Evt21 => evt21::open(bytes, whole)?,
            Format::Evt3 => evt3::open(bytes, whole)?,
            Format::EventStream => es::open(bytes)?,
            Format::Bs1 | Format::Npy | Format::Npz | Format::Mat | Format::Hdf5 | Format::Csv => {
                return Err(FormatError::new(0, format!("{format} cannot be streamed")));
            }
        };
        Ok(opened.map(|Opened { decoder, sensor, header }| Self {
            decoder,
            sensor: options.sensor.or(sensor.as_ref().map(|sensor| sensor.value)),
            stated: sensor,
            outside: options.outside,
            count_outside: 0,
            offset: header,
        }))
    }

    /// [`Decoder::feed`], with events that are on the sensor, and offsets from the start of the file.
    ///
    /// Of bytes that are broken, the events before the error are appended.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        events: &mut Columns,
    ) -> Result<usize, FormatError> {
        let (mut taken, mut size) = (0, PIECE);
        while taken < bytes.len() {
            let rest = &bytes[taken..];
            let piece = &rest[..size.min(rest.len())];
            let (before, start) = (events.len(), self.decoder.boxed_clone());
            let result = self.decoder.feed(piece, events);
            // Also those before an error.
            self.settle(events, before, start, piece)?;
            let count = result.map_err(|error| error.behind(self.offset))?;
            if taken == 0 && count > 0 {
                // As many events in what follows; a byte seldom holds more than half of one.
                let density = (events.len() - before) as f64 / count as f64;
                reserve(events, ((rest.len() - count) as f64 * density.min(0.5)) as usize);
            }
            match count {
                0 if piece.len() == rest.len() => break,
                // Something that is longer than a piece.
                0 => size *= 2,
                _ => size = PIECE,
            }
            taken += count;
            self.offset += count;
        }
        Ok(taken)
    }

    /// Applies the policy for events outside the sensor to the events from `before` on, which `start`
    /// decodes from `piece`. Under [`Outside::Refuse`], those before the first outside remain.
    fn settle(
        &mut self,
        events: &mut Columns,
        before: usize,
        start: Box<dyn Decoder>,
        piece: &[u8],
    ) -> Result<(), FormatError> {
        let Some(sensor) = self.sensor.filter(|sensor| outside(events, before, *sensor)) else {
            return Ok(());
        };
        if self.outside == Outside::Refuse {
            let inside = |at: &usize| sensor.contains(events.x[*at], events.y[*at]);
            let first = (before..events.len()).find(|at| !inside(at)).unwrap_or(before);
            drop(events.split_off(first));
            return Err(first_outside(start, piece, sensor).behind(self.offset));
        }
        let fresh = Events::from_columns_with(events.split_off(before), sensor, self.outside);
        let (fresh, count) =
            fresh.map_err(|error| FormatError::new(self.offset, error.to_string()))?;
        self.count_outside += count;
        fresh.iter().for_each(|event| events.push(event));
        Ok(())
    }

    /// At the end of a file, with the bytes that were not decoded.
    pub(super) fn finish(&self, rest: &[u8]) -> Result<(), FormatError> {
        if rest.is_empty() {
            return Ok(());
        }
        let problem =
            format!("the file ends too early, {} bytes into an event or packet", rest.len());
        Err(FormatError::new(self.offset, problem))
    }
}

/// Reserves capacity for more events.
pub(super) fn reserve(events: &mut Columns, more: usize) {
    events.t.reserve(more);
    events.x.reserve(more);
    events.y.reserve(more);
    events.p.reserve(more);
    advise_huge_pages(events.t.spare_capacity_mut());
    advise_huge_pages(events.x.spare_capacity_mut());
    advise_huge_pages(events.y.spare_capacity_mut());
    advise_huge_pages(events.p.spare_capacity_mut());
}

/// Whether an event from `first` on is outside of the sensor.
fn outside(events: &Columns, first: usize, sensor: SensorSize) -> bool {
    let largest = |values: &[u16]| values[first..].iter().copied().max().unwrap_or(0);
    events.len() > first && !sensor.contains(largest(&events.x), largest(&events.y))
}

/// Names the first event outside of the sensor, by decoding again in the smallest steps.
fn first_outside(mut decoder: Box<dyn Decoder>, bytes: &[u8], sensor: SensorSize) -> FormatError {
    let (mut at, mut end) = (0, 1);
    while end <= bytes.len() {
        let mut events = Columns::default();
        match decoder.feed(&bytes[at..end], &mut events) {
            Ok(0) => end += 1,
            Ok(count) => {
                let mut places = events.x.iter().zip(&events.y);
                if let Some((x, y)) = places.find(|(x, y)| !sensor.contains(**x, **y)) {
                    let problem = format!(
                        "x {x}, y {y} is outside of a sensor of {sensor}; set Options::sensor, or drop or clip \
                         such events with Options::outside"
                    );
                    return FormatError::new(at, problem);
                }
                at += count;
                end = at + 1;
            }
            Err(error) => return error.behind(at),
        }
    }
    FormatError::new(at, format!("an event is outside of a sensor of {sensor}"))
}

/// Decodes words of the same size: `decode` writes the events of one behind those that a block has,
/// and returns how many it has then.
#[inline(always)]
pub(super) fn each_word<W>(
    words: &[W],
    events: &mut Columns,
    mut decode: impl FnMut(&W, &mut Block, usize) -> usize,
) {
    let mut block = Block::new();
    let mut len = 0;
    for words in words.chunks(Block::WORDS) {
        for word in words {
            len = decode(word, &mut block, len);
        }
        if len > Block::SIZE - Block::WORDS * Block::LARGEST {
            block.flush(len, events);
            len = 0;
        }
    }
    block.flush(len, events);
}

/// Events on their way into columns: a few, that stay in the first cache.
///
/// It has room for every event that is written, so that a loop writes each word as one without asking,
/// and then keeps it or not.
pub(super) struct Block {
    t: [i64; Block::SIZE],
    x: [u16; Block::SIZE],
    y: [u16; Block::SIZE],
    p: [bool; Block::SIZE],
}

impl Block {
    /// Words between two looks at the room that is left.
    const WORDS: usize = 32;
    /// Events of a word at most.
    const LARGEST: usize = 32;
    /// A power of two: what is left of a number by it is within the block, without a check.
    const SIZE: usize = 2048;

    fn new() -> Self {
        let (t, p) = ([0; Self::SIZE], [false; Self::SIZE]);
        Self { t, x: [0; Self::SIZE], y: [0; Self::SIZE], p }
    }

    /// Writes an event behind the first `len`, where the next one overwrites it unless it is kept.
    /// Returns how many there are then.
    #[inline(always)]
    pub(super) fn put(&mut self, len: usize, event: Event, keep: bool) -> usize {
        let at = len % Self::SIZE;
        self.t[at] = event.t;
        self.x[at] = event.x;
        self.y[at] = event.y;
        self.p[at] = event.p;
        len + usize::from(keep)
    }

    /// Appends the first events to columns.
    fn flush(&self, len: usize, events: &mut Columns) {
        events.t.extend_from_slice(&self.t[..len]);
        events.x.extend_from_slice(&self.x[..len]);
        events.y.extend_from_slice(&self.y[..len]);
        events.p.extend_from_slice(&self.p[..len]);
    }
}

/// A time of 32 bits that goes on where they start again: each is the one next to the one before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock(i64);

impl Clock {
    /// The first time is signed.
    pub(super) const SIGNED: Self = Self(0);
    /// The first time is not signed: it is next to the middle of its range.
    pub(super) const UNSIGNED: Self = Self(1 << 31);

    #[inline(always)]
    pub(super) fn at(&mut self, time: u32) -> i64 {
        let step = time.wrapping_sub(self.0 as u32).cast_signed();
        self.0 += i64::from(step);
        self.0
    }
}
