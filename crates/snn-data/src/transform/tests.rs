//! What holds for every transform.

use proptest::prelude::*;

use super::columns::testing::{self, any_events, regular, rng};
use super::*;
use crate::events::SensorSize;
use crate::policy::Policy;

/// One of each, under a policy where there is one.
fn all(policy: Policy) -> Vec<Transform> {
    let one_way = EventDownsampling {
        target_size: [4, 3],
        downsampling_method: DownsamplingMethod::Integrator,
        dt: 5.0,
        noise_threshold: 1,
        policy,
    };
    let downsampling_method = DownsamplingMethod::Differentiator { time_bins: 2 };
    let other_way = EventDownsampling { downsampling_method, ..one_way.clone() };
    vec![
        CenterCrop { size: [5, 9] }.into(),
        Crop { origin: [2, 1], size: [4, 7] }.into(),
        CropTime { min: Some(3), max: Some(20) }.into(),
        Decimation { n: 2 }.into(),
        Denoise { policy, ..Denoise::new(10) }.into(),
        Downsample { time_factor: 0.3, policy, ..Downsample::by([0.5, 1.5]) }.into(),
        Downsample { policy, ..Downsample::to([3, 20]) }.into(),
        DropEvent { p: [0.1, 0.9].into() }.into(),
        DropEventByArea { policy, ..DropEventByArea::new([0.1, 0.5]) }.into(),
        DropEventByTime { policy, ..DropEventByTime::new([0.1, 0.5]) }.into(),
        DropPixel { coordinates: vec![[2, 2]], hot_pixel_frequency: Some(1e5) }.into(),
        one_way.into(),
        other_way.into(),
        EventDrop { policy }.into(),
        MergePolarities {}.into(),
        RandomCrop { policy, ..RandomCrop::new([3, 6]) }.into(),
        RandomDropPixel { p: 0.3 }.into(),
        RandomFlipLR::default().into(),
        RandomFlipPolarity { p: 0.5, policy }.into(),
        RandomFlipUD::default().into(),
        RandomTemporalDelete { steps: 4, remain: 3 }.into(),
        RandomTimeReversal { policy, ..Default::default() }.into(),
        RefractoryPeriod { policy, ..RefractoryPeriod::new([0.0, 9.0]) }.into(),
        ShiftAugment { max_shift: [3, 9] }.into(),
        SortByTime {}.into(),
        SpatialJitter { policy, ..Default::default() }.into(),
        TimeAlignment {}.into(),
        TimeJitter { policy, ..TimeJitter::new(3.0) }.into(),
        TimeSkew { policy, ..TimeSkew::new([0.5, 2.0], [-10.0, 10.0]) }.into(),
        UniformNoise { n: [3.0, 30.0].into() }.into(),
    ]
}

/// The sensor after a transform.
fn sensor_after(transform: &Transform, before: SensorSize) -> SensorSize {
    let size = |width, height| SensorSize { width, height, ..before };
    match transform {
        Transform::CenterCrop(_) => size(5, 9),
        Transform::Crop(_) => size(4, 7),
        Transform::Downsample(it) => match it.spatial_scale {
            SpatialScale::TargetSize(_) => size(3, 20),
            SpatialScale::SpatialFactor(_) => size(4, 9),
        },
        Transform::EventDownsampling(_) => size(4, 3),
        Transform::MergePolarities(_) => before.merged(),
        Transform::RandomCrop(_) => size(3, 6),
        _ => before,
    }
}

#[test]
fn without_events_there_are_none_and_the_sensor_changes_all_the_same() {
    let sensor = SensorSize::new(8, 6);
    for transform in [Policy::Strict, Policy::Tonic].into_iter().flat_map(all) {
        let none = transform.apply(&Events::empty(sensor), &mut rng(0)).unwrap();
        assert_eq!(none, Events::empty(sensor_after(&transform, sensor)), "{transform:?}");
        transform.apply(&Events::empty(SensorSize::new(0, 0)), &mut rng(0)).ok();
    }
}

#[test]
fn every_transform_reads_back() {
    for transform in all(Policy::Tonic) {
        let text = serde_json::to_string(&transform).unwrap();
        let read: Transform = serde_json::from_str(&text).unwrap();
        assert_eq!(read, transform, "{text}");
    }
}

#[test]
fn a_slice_is_transformed_like_a_copy_of_it() {
    let events = regular([8, 6], 100, -20);
    let slice = events.slice(30..90);
    let copy = Events::from_columns(slice.iter().collect(), slice.sensor()).unwrap();
    for transform in all(Policy::Strict) {
        let [of_slice, of_copy] =
            [&slice, &copy].map(|events| transform.apply(events, &mut rng(3)).unwrap());
        assert_eq!(of_slice, of_copy, "{transform:?}");
    }
}

#[test]
fn transforms_draw_from_the_seed_and_leave_their_input() {
    let events = regular([8, 6], 500, 10);
    let copy = Events::from_columns(events.iter().collect(), events.sensor()).unwrap();
    for transform in all(Policy::Strict) {
        let apply = |seed| transform.apply(&events, &mut rng(seed)).unwrap();
        assert_eq!(apply(1), apply(1), "{transform:?}");
        assert_eq!(events, copy);
    }
}

proptest! {
    #[test]
    fn results_are_sorted_events_of_the_new_sensor(
        events in any_events(),
        seed in 0..100_u64,
        policy in prop::sample::select(vec![Policy::Strict, Policy::Tonic]),
    ) {
        for transform in all(policy) {
            let result = transform.apply(&events, &mut rng(seed)).unwrap();
            prop_assert_eq!(result.sensor(), sensor_after(&transform, events.sensor()));
            let is_shuffled = matches!(transform, Transform::TimeJitter(_));
            prop_assert!(is_shuffled || result.is_sorted(), "{:?}", transform);
        }
    }

    #[test]
    fn unsorted_events_are_refused_or_keep_their_order(
        events in any_events(),
        seed in 0..100_u64,
    ) {
        let mut shuffled: Vec<_> = events.iter().collect();
        shuffled.reverse();
        let shuffled = Events::from_columns(shuffled.into_iter().collect(), events.sensor()).unwrap();
        for transform in all(Policy::Strict) {
            let needs_order = matches!(
                transform,
                Transform::Denoise(_)
                    | Transform::EventDownsampling(_)
                    | Transform::RandomTemporalDelete(_)
                    | Transform::RefractoryPeriod(_)
            );
            let result = transform.apply(&shuffled, &mut rng(seed));
            prop_assert_eq!(result.is_err(), needs_order && !shuffled.is_sorted());
        }
    }
}

#[test]
fn one_stray_event_takes_no_memory() {
    let far = u16::MAX;
    let events = testing::events([1 << 16, 1 << 16], &[(0, 0, 0), (far, far, 9)]);
    let row = testing::events([1 << 16, 1], &[(0, 0, 0), (far, 0, 9)]);
    let filters: [Transform; 5] = [
        Denoise::new(5).into(),
        RefractoryPeriod::new(5).into(),
        Decimation { n: 2 }.into(),
        DropPixel { coordinates: vec![[1, 1]], hot_pixel_frequency: None }.into(),
        RandomDropPixel { p: 0.5 }.into(),
    ];
    for filter in filters {
        let error = filter.apply(&events, &mut rng(0)).unwrap_err().to_string();
        assert!(
            error.contains("found 65536 x 65536; stray events are dropped by the transform `Crop`"),
            "{error}"
        );
        assert!(filter.apply(&row, &mut rng(0)).is_ok());
    }
}
