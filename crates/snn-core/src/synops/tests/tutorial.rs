//! The table that sinabs' MNIST-DVS tutorial prints.

use super::*;

/// Steps of 10 ms.
const STEPS: usize = 521;

/// So many events, spread over all steps, at a pixel in the middle of maps of 3 x 3: no border takes windows away there.
fn at_one_pixel(events: usize, channels: usize, device: &Device) -> Tensor<5> {
    let mut data = vec![0.0_f32; STEPS * channels * 9];
    for step in 0..STEPS {
        let here = events / STEPS + usize::from(step < events % STEPS);
        data[step * channels * 9 + 4] = here as f32;
    }
    Tensor::from_data(TensorData::new(data, [STEPS, 1, channels, 3, 3]), device)
}

/// The line of a layer that gets so many events.
fn line(layer: LayerConfig, channels: usize, events: usize) -> LayerSynOps {
    let device = Device::default();
    let dense = matches!(layer, LayerConfig::Linear(_));
    let network = match dense {
        true => network([LayerConfig::Flatten, layer], &device),
        false => network([layer], &device),
    };
    let x = at_one_pixel(events, channels, &device);
    let counts = match dense {
        true => network.forward_counted::<5, 3>(x, rest()).2,
        false => network.forward_counted::<5, 5>(x, rest()).2,
    };
    let mut counter = SynOpsCounter::new(&network);
    counter.add(&counts);
    counter.report(0.01).layers.pop().unwrap()
}

/// The operations that the tutorial prints for its layers, of the events that make them. It does not count those of
/// its first layer, whose events it is not given. 100 pJ are what its code has.
#[test]
fn the_power_of_the_tutorial() {
    let conv = |inputs| {
        let padding = PaddingConfig2d::Explicit(1, 1, 1, 1);
        Conv2dConfig::new([inputs, 16], [3, 3]).with_padding(padding)
    };
    let layers = vec![
        line(conv(8).into(), 8, 1_582_796),
        line(conv(16).into(), 16, 749_759),
        line(LinearConfig::new(16 * 9, 32).into(), 16, 234_082),
        line(LinearConfig::new(2 * 9, 10).into(), 2, 14_567),
    ];
    let printed = [227_922_624.0, 107_965_296.0, 7_490_624.0, 145_670.0];
    for (layer, printed) in layers.iter().zip(printed) {
        assert_eq!((layer.synops, layer.synops_by_formula), (printed, printed), "{}", layer.name);
    }
    let report = SynOpsReport { samples: 1, steps: STEPS as f64, dt: 0.01, layers };
    assert_eq!((report.synops(), report.synops_by_formula()), (343_524_214.0, 343_524_214.0));
    let milliwatts = 1e3 * report.watts(Energy(100e-12));
    assert!((milliwatts - 6.5936).abs() < 5e-5, "{milliwatts}");
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<SynOpsReport>(&json).unwrap(), report);
}
