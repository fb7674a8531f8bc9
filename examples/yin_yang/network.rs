//! 5 inputs, 120 current-based LIF neurons, 3 leaky integrators.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};
use snn::core::neuron::{CubaState, HxTorchParameters};
use snn::prelude::*;

use super::Settings;

const INPUTS: usize = 5;
const HIDDEN: usize = 120;
const CLASSES: usize = 3;

#[derive(Module, Debug)]
pub struct YinYangNetwork {
    /// `[inputs, hidden]`
    hidden_weight: Param<Tensor<2>>,
    hidden: CubaLif,
    /// `[hidden, classes]`
    readout_weight: Param<Tensor<2>>,
    readout: CubaLi,
}

impl YinYangNetwork {
    pub fn new(
        settings: &Settings,
        seed: u32,
        device: &Device,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        // Drawn here rather than by Burn, so that every device starts from the same weights.
        let mut rng = ChaCha8Rng::seed_from_u64(seed.into());
        let mut normal = |mean, std, shape: [usize; 2]| -> Result<_, rand_distr::NormalError> {
            let draws = Normal::new(mean, std)?.sample_iter(&mut rng);
            let weights: Vec<f64> = draws.take(shape[0] * shape[1]).collect();
            Ok(Param::from_tensor(Tensor::from_data(TensorData::new(weights, shape), device)))
        };
        let parameters = HxTorchParameters { dt: settings.dt, ..Default::default() };
        Ok(Self {
            hidden_weight: normal(settings.hidden_mean, settings.hidden_std, [INPUTS, HIDDEN])?,
            hidden: CubaLifConfig::hxtorch_lif(parameters).init(device)?,
            // Around 0.1 and not 0: a class whose membrane never rises above rest for any sample has
            // its maximum at rest, which no weight changes, and is lost for good.
            readout_weight: normal(0.1, 0.1, [HIDDEN, CLASSES])?,
            readout: CubaLiConfig::hxtorch_li(parameters).init(device)?,
        })
    }

    /// Hidden spikes and readout membranes, `[T, B, 120]` and `[T, B, 3]`, of input `[T, B, 5]`.
    pub fn traces(&self, input: Tensor<3>) -> (Tensor<3>, Tensor<3>) {
        let [_, batch, _] = input.dims();
        let device = input.device();
        let rest = |width| CubaState::zeros([batch, width], &device);
        let current = over_time(input, &self.hidden_weight);
        let (spikes, _) = self.hidden.forward(current, rest(HIDDEN));
        let current = over_time(spikes.clone(), &self.readout_weight);
        let (membranes, _) = self.readout.forward(current, rest(CLASSES));
        (spikes, membranes)
    }
}

impl SpikingNetwork for YinYangNetwork {
    type Input = Tensor<3>;

    fn run(&self, input: Tensor<3>) -> Activity {
        let (spikes, membranes) = self.traces(input);
        Activity { output: membranes, spike_counts: vec![sum_over_time(spikes)] }
    }
}

/// One matrix product for all steps: `[T, B, in]` to `[T, B, out]`.
fn over_time(input: Tensor<3>, weight: &Param<Tensor<2>>) -> Tensor<3> {
    let [steps, batch, width] = input.dims();
    let output = input.reshape([steps * batch, width]).matmul(weight.val());
    output.reshape([steps, batch, weight.dims()[1]])
}
