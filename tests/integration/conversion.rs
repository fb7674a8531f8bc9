//! Networks that others have trained, as spiking networks.

use burn::tensor::Tensor;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use snn::core::convert::{ConversionConfig, Normalization};
use snn::core::encode::{RateConfig, rate};
use snn::core::synops::SynOpsCounter;
use snn::core::weights::Mapping;
use snn::prelude::*;

use crate::files::real;
use crate::weights::real::{
    burn_mnist, correct, loaded, outputs_of, sinabs_mnist, training_images,
};

/// Images to test with: all of them only if asked for, since that takes minutes.
fn images() -> usize {
    match std::env::var_os("SNN_TEST_LARGE") {
        Some(_) => 10_000,
        None => 100,
    }
}

/// How images come to the spiking network.
#[derive(Debug, Clone, Copy)]
enum Input {
    /// The image at every step.
    Constant,
    /// Spikes at the rates of its pixels.
    Rates,
}

/// Images, out of so many, that the original and the spiking network know.
fn known(
    ann: &Sequential,
    snn: &Sequential,
    scaled: fn(f32) -> f32,
    steps: usize,
    input: Input,
) -> Option<[usize; 2]> {
    let rest = SequentialState::default;
    let (analog, labels) = outputs_of(images(), scaled, |x| ann.step::<4, 2>(x, rest()).0)?;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut counter = SynOpsCounter::new(snn);
    let (spiking, _) = outputs_of(images(), scaled, |x| {
        let (output, _, counts) = match input {
            Input::Constant => snn.forward_static_counted::<4, 3>(x, steps, rest()),
            Input::Rates => {
                let spikes: Tensor<5> = rate(x, &RateConfig::new(steps), &mut rng).unwrap();
                snn.forward_counted::<5, 3>(spikes, rest())
            }
        };
        counter.add(&counts);
        sum_over_time(output)
    })?;
    let known = [correct(&analog, &labels), correct(&spiking, &labels)];
    let synops = counter.report(1e-3).synops();
    let all = images();
    println!("{input:?}, {steps} steps: {known:?} of {all}, {synops:.0} synaptic operations");
    Some(known)
}

/// Within half a point, or two images of few.
fn assert_alike([analog, spiking]: [usize; 2]) {
    let lost = analog as f64 - spiking as f64;
    assert!(lost <= (images() as f64 * 0.005).max(2.0), "{spiking} instead of {analog}");
}

#[test]
fn the_mnist_network_of_sinabs() {
    let Some(folder) = real("weights") else { return };
    let path = folder.join("sinabs_mnist_params.pt");
    let ann = loaded(path, &sinabs_mnist(), &Mapping::InOrder);
    let scaled = |pixel| pixel / 255.0;
    let Some(data) = training_images(200, scaled) else { return };
    let conversion = ConversionConfig::new().with_v_min(None).with_initial_membrane(0.5);
    let converted = conversion.convert_normalized(&ann, &data, &Normalization::new(99.9)).unwrap();
    println!("{}", converted.report);
    for (steps, input) in [(32, Input::Constant), (32, Input::Rates), (100, Input::Rates)] {
        let Some(known) = known(&ann, &converted.network, scaled, steps, input) else { return };
        assert_alike(known);
    }

    // As sinabs does it: weights as they are, membranes not below -1, pixels up to 255.
    let scaled = |pixel| pixel;
    let converted = ConversionConfig::new().convert(&ann, &[1, 28, 28]).unwrap();
    let Some(known) = known(&ann, &converted.network, scaled, 10, Input::Constant) else { return };
    assert_alike(known);
}

/// It has biases, batch normalization behind rectified units, and inputs below zero.
#[test]
fn the_mnist_network_of_burn() {
    let Some(folder) = real("weights") else { return };
    let (config, mapping) = burn_mnist();
    let ann = loaded(folder.join("burn_mnist.pt"), &config, &mapping);
    let scaled = |pixel| (pixel / 255.0 - 0.1307) / 0.3081;
    let Some(data) = training_images(200, scaled) else { return };
    let conversion = ConversionConfig::new().with_v_min(None).with_initial_membrane(0.5);
    let mut converted =
        conversion.convert_normalized(&ann, &data, &Normalization::new(99.9)).unwrap();
    println!("{}", converted.report);
    let known = |network: &Sequential| known(&ann, network, scaled, 32, Input::Constant);
    let Some(before) = known(&converted.network) else { return };
    assert_alike(before);
    converted.correct_biases(&ann, &data, 32);
    if let Some(after) = known(&converted.network) {
        assert_alike(after);
    }
}
