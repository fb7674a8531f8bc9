use proptest::prelude::*;

use super::*;
use crate::frame::Count;

const LAYOUTS: [Layout; 2] = [Layout::TimeFirst, Layout::BatchFirst];

/// Recordings of given lengths with values from a function of sample, step and pixel.
fn samples<T>(
    lengths: &[usize],
    [p, h, w]: [usize; 3],
    value: impl Fn(usize, usize) -> T,
) -> Vec<Frames<T>> {
    let frames = |(sample, length): (usize, &usize)| {
        let values = (0..length * p * h * w).map(|n| value(sample, n)).collect();
        Frames { shape: [*length, p, h, w], values }
    };
    lengths.iter().enumerate().map(frames).collect()
}

/// One value at a time.
fn naive<T: Copy + Default>(samples: &[Frames<T>], layout: Layout) -> (Vec<T>, Vec<bool>) {
    // A batch has at least one step, unless it has no recordings.
    let steps = samples.iter().map(|frames| frames.shape[0].max(1)).max().unwrap_or(0);
    let outer = if layout == Layout::TimeFirst { steps } else { samples.len() };
    let inner = if layout == Layout::TimeFirst { samples.len() } else { steps };
    let (mut values, mut mask) = (Vec::new(), Vec::new());
    for i in 0..outer {
        for j in 0..inner {
            let (t, b) = if layout == Layout::TimeFirst { (i, j) } else { (j, i) };
            mask.push(t < samples[b].shape[0]);
            let of_frame: usize = samples[b].shape[1..].iter().product();
            for n in 0..of_frame {
                values.push(samples[b].values.get(t * of_frame + n).copied().unwrap_or_default());
            }
        }
    }
    (values, mask)
}

fn check<T: Count + Into<f32>>(samples: &[Frames<T>]) {
    for layout in LAYOUTS {
        let (values, mask) = naive(samples, layout);
        let batch = pad(samples, layout).unwrap();
        assert_eq!((&batch.values, batch.shape.mask()), (&values, mask));
        assert_eq!(batch.shape.lengths, samples.iter().map(Frames::len).collect::<Vec<_>>());
        assert_eq!(batch.shape.dims().iter().product::<usize>(), values.len());
        let floats: Vec<f32> = values.into_iter().map(Into::into).collect();
        assert_eq!(pad_as::<f32, _>(samples, layout).unwrap().values, floats);
    }
}

fn check_bits<T: Count + Into<f64>>(samples: &[Frames<T>]) {
    for layout in LAYOUTS {
        let bits = pad_bits(samples, layout).unwrap();
        let dense = pad(samples, layout).unwrap();
        assert_eq!(bits.words.len(), dense.values.len().div_ceil(32));
        assert_eq!(bits.unpack::<T>().unwrap(), dense);
        let set: u32 = bits.words.iter().map(|word| word.count_ones()).sum();
        let one = T::default().saturating_next();
        assert_eq!(set as usize, dense.values.iter().filter(|value| **value == one).count());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn padding_is_that_of_one_value_at_a_time(
        lengths in prop::collection::vec(0usize..6, 0..6),
        frame in prop::array::uniform3(0usize..6),
        seed in any::<u32>(),
    ) {
        let value = |sample: usize, n: usize| {
            (seed as usize).wrapping_mul(31).wrapping_add(sample * 977 + n * 7)
        };
        check(&samples(&lengths, frame, |b, n| value(b, n) as u8));
        check(&samples(&lengths, frame, |b, n| value(b, n) as i16));
        check(&samples(&lengths, frame, |b, n| value(b, n) as u16));
        check(&samples(&lengths, frame, |b, n| value(b, n) as f32 / 3.0));
    }

    #[test]
    fn bits_come_back(
        lengths in prop::collection::vec(0usize..6, 0..6),
        frame in prop::array::uniform3(0usize..6),
        seed in any::<u64>(),
    ) {
        let bit = |sample: usize, n: usize| {
            let mixed = (seed ^ (sample as u64) << 32 ^ n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            (mixed >> 63) as u8
        };
        check_bits(&samples(&lengths, frame, bit));
        check_bits(&samples(&lengths, frame, |b, n| i16::from(bit(b, n))));
        check_bits(&samples(&lengths, frame, |b, n| u16::from(bit(b, n))));
        check_bits(&samples(&lengths, frame, |b, n| f32::from(bit(b, n))));
    }
}

#[test]
fn several_threads_fill_what_one_does() {
    // 6 x 5 frames of 300 900 values: 9 MB of bytes, 36 MB of floats.
    let frame = [1, 300, 1003];
    let bytes = samples(&[5, 1, 0, 4, 5, 2], frame, |b, n| (b * 101 + n % 251) as u8);
    for layout in LAYOUTS {
        let values = naive(&bytes, layout).0;
        assert_eq!(pad(&bytes, layout).unwrap().values, values);
        let floats = pad_as::<f32, _>(&bytes, layout).unwrap().values;
        assert!(floats.iter().zip(&values).all(|(float, byte)| *float == f32::from(*byte)));
    }
    // 2 x 67 frames of 300 900 bits: 5 MB.
    let spikes = samples(&[67, 50], frame, |b, n| u8::from((n + b) % 7 == 0));
    for layout in LAYOUTS {
        let bits = pad_bits(&spikes, layout).unwrap();
        assert_eq!(bits.unpack::<u8>().unwrap(), pad(&spikes, layout).unwrap());
    }
}

#[test]
fn what_cannot_be_stacked_is_named() {
    let frames = [1, 2].map(|w| Frames { shape: [1, 1, 1, w], values: vec![0u8; w] });
    let error = pad(&frames, Layout::TimeFirst).unwrap_err();
    assert_eq!(error, CollateError::Shape { sample: 1, found: [1, 1, 2], expected: [1, 1, 1] });
    let none = Frames { shape: [0, 2, 1 << 32, 1 << 32], values: Vec::<u8>::new() };
    let error = pad(&[none], Layout::TimeFirst).unwrap_err();
    assert_eq!(error, CollateError::TooLarge([1, 1, 2, 1 << 32, 1 << 32]));

    let mut spikes = samples(&[2, 3], [1, 5, 8], |_, _| 1.0f32);
    spikes[1].values[2 * 40 + 39] = 0.5;
    let error = pad_bits(&spikes, Layout::TimeFirst).unwrap_err();
    assert_eq!(error, CollateError::Value { sample: 1, frame: 2, value: 0.5 });
    spikes[1].values[2 * 40 + 39] = f32::NAN;
    assert!(pad_bits(&spikes, Layout::BatchFirst).unwrap_err().to_string().contains("NaN"));
}

#[test]
fn an_empty_batch_is_empty() {
    let batch = pad::<u8>(&[], Layout::TimeFirst).unwrap();
    assert_eq!((batch.shape.dims(), batch.values.len()), ([0; 5], 0));
    assert!(pad_bits::<u8>(&[], Layout::BatchFirst).unwrap().words.is_empty());
}

#[test]
fn data_and_labels_are_separated() {
    let samples = vec![Sample { data: 'a', label: 4 }, Sample { data: 'b', label: 2 }];
    assert_eq!(separate(samples), (vec!['a', 'b'], vec![4, 2]));
}
