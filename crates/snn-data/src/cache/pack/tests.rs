use std::fmt::Debug;

use proptest::prelude::*;

use super::*;
use crate::events::{Events, SensorSize, Spikes};
use crate::frame::Frames;

fn frames<T>(values: Vec<T>) -> Frames<T> {
    Frames { shape: [values.len(), 1, 1, 1], values }
}

fn round_trip<T: Pack + PartialEq + Debug>(value: &T) -> usize {
    let bytes = value.pack();
    assert_eq!(&T::unpack(&bytes).unwrap(), value);
    bytes.len()
}

/// What is before the numbers: how, the shape, whether LZ4, how many.
const HEAD: usize = 1 + 32 + 1 + 8;

/// Bits of up to 64 values.
fn word(bits: u8) -> [u8; 8] {
    u64::from(bits).to_le_bytes()
}

#[test]
fn zeros_and_ones_are_bits() {
    let mut values = vec![0.0_f32; 70];
    [1, 2, 64].into_iter().for_each(|at| values[at] = 1.0);
    assert_eq!(frames(values).pack()[HEAD - 8..HEAD], 16_u64.to_le_bytes());
    assert_eq!(frames(vec![1u8, 0, 0, 1]).pack()[HEAD..], word(0b1001));
}

#[test]
fn numbers_are_as_wide_as_the_largest() {
    let written = |packed: Vec<u8>, bits, numbers: &[u8]| {
        assert_eq!((&packed[HEAD..HEAD + 8], &packed[HEAD + 8..]), (&word(bits)[..], numbers));
    };
    written(frames(vec![2.0_f32, 0.0, 255.0]).pack(), 0b101, &[1, 2, 255]);
    written(frames(vec![0x102_i16, 3]).pack(), 0b11, &[2, 2, 3, 1, 0]);
    // Numbers that are no counts are kept with all their bits.
    written(frames(vec![-1_i16, 0]).pack(), 0b1, &[2, 255, 255]);
    written(frames(vec![0.5_f32]).pack(), 0b1, &[4, 0, 0, 0, 0x3f]);
}

#[test]
fn every_number_comes_back() {
    round_trip(&frames((0..=255u8).collect()));
    round_trip(&frames((0..=u16::MAX).collect()));
    round_trip(&frames((i16::MIN..=i16::MAX).collect()));
    round_trip(&frames(vec![65_535.0_f32, 65_536.0, -1.0, 0.1]));
    for special in [f32::NAN, -0.0, f32::INFINITY, f32::MIN_POSITIVE / 2.0] {
        let back = Frames::<f32>::unpack(&frames(vec![special, 1.0]).pack()).unwrap();
        assert_eq!(back.values[0].to_bits(), special.to_bits());
    }
    let none = Frames::<u16> { shape: [3, 2, 0, 0], values: vec![] };
    round_trip(&none);
    round_trip(&Frames::<u8> { shape: [0, 2, 5, 5], values: vec![] });
}

#[test]
fn frames_of_few_events_are_small() {
    let mut values = vec![0u8; 25 * 2 * 128 * 128];
    values.iter_mut().step_by(401).for_each(|value| *value = 2);
    assert!(round_trip(&Frames { shape: [25, 2, 128, 128], values }) < 20_000);
    assert!(round_trip(&Frames::<f32>::zeros([25, 2, 128, 128]).unwrap()) < 1000);
}

#[test]
fn a_slice_is_packed_without_the_rest() {
    let sensor = SensorSize::new(300, 2).merged();
    let t = vec![i64::MIN, -5, 7, 7, i64::MAX];
    let events = Events::new(t, vec![0, 299, 3, 4, 5], vec![0, 1, 0, 1, 0], vec![true; 5], sensor);
    let events = events.unwrap();
    round_trip(&events);
    round_trip(&events.slice(1..4));
    round_trip(&Events::empty(sensor));
    let spikes = Spikes::new(vec![9, 3, 3], vec![70_000, 0, 1], 70_001).unwrap();
    round_trip(&spikes);
    round_trip(&spikes.slice(2..3));
    round_trip(&spikes.slice(1..1));
}

#[test]
fn sizes_that_are_not_there_are_errors() {
    let problem = |bytes: &[u8]| Frames::<u8>::unpack(bytes).unwrap_err().problem;
    let mut packed = frames(vec![2u8; 1000]).pack();
    packed[34..42].copy_from_slice(&(1_u64 << 40).to_le_bytes());
    assert!(problem(&packed).starts_with("1099511627776 bytes from"));
    let mut packed = frames(vec![2u8, 3]).pack();
    packed[1..9].fill(255);
    packed[9] = 2;
    assert!(problem(&packed).starts_with("frames of"));
    packed[2..9].fill(0);
    packed[9] = 1;
    assert_eq!(problem(&packed), "32 bytes expected, 11 left");
    packed[1] = 1;
    assert_eq!(problem(&packed), "a bit behind the last value");
    packed[HEAD] = 1;
    assert_eq!(problem(&packed), "1 bytes too many");
    // Spikes without bytes, as many as one likes.
    let mut packed = Spikes::new(vec![], vec![], 1).unwrap().pack();
    packed[4..12].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(Spikes::unpack(&packed).is_err());
}

#[test]
fn events_outside_of_the_sensor_are_an_error() {
    let events = Events::new(vec![0], vec![3], vec![0], vec![true], SensorSize::new(4, 1));
    let mut packed = events.unwrap().pack();
    packed[0] = 3;
    let problem = Events::unpack(&packed).unwrap_err().problem;
    assert!(problem.starts_with("event 0: x 3, y 0 is outside of a sensor of 3 x 1"), "{problem}");
}

/// No panic, whatever was done to the bytes.
fn damage<T: Pack>(value: &T, flips: &[(prop::sample::Index, u8)], cut: prop::sample::Index) {
    let mut bytes = value.pack();
    for (at, bits) in flips {
        let at = at.index(bytes.len());
        bytes[at] ^= bits;
    }
    let _ = T::unpack(&bytes);
    let _ = T::unpack(&bytes[..cut.index(bytes.len())]);
}

proptest! {
    #[test]
    fn values_come_back_and_damage_is_no_panic(
        raw in prop::collection::vec((any::<i32>(), 0..40u16, 0..30u16, any::<bool>()), 0..300),
        small in prop::collection::vec(prop_oneof![8 => Just(0u16), 2 => 0..4u16, 1 => any::<u16>()], 1..300),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1..=255u8), 0..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let t: Vec<i64> = raw.iter().map(|event| event.0.into()).collect();
        let x: Vec<u16> = raw.iter().map(|event| event.1).collect();
        let y = raw.iter().map(|event| event.2).collect();
        let p = raw.iter().map(|event| event.3).collect();
        let unit = x.iter().map(|x| u32::from(*x)).collect();
        let events = Events::new(t.clone(), x, y, p, SensorSize::new(40, 30)).unwrap();
        let spikes = Spikes::new(t, unit, 40).unwrap();
        let frames = frames(small);
        round_trip(&events);
        round_trip(&spikes);
        round_trip(&frames);
        round_trip(&frames.clone().map(|n| n as u8));
        round_trip(&frames.clone().map(|n| n as i16));
        round_trip(&frames.clone().map(f32::from));
        round_trip(&frames.clone().map(|n| f32::from(n) / 3.0));
        damage(&events, &flips, cut);
        damage(&spikes, &flips, cut);
        damage(&frames, &flips, cut);
        damage(&frames.clone().map(|n| u8::from(n > 0)), &flips, cut);
        damage(&frames.map(|n| f32::from(n) / 3.0), &flips, cut);
    }
}
