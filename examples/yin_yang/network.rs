//! 5 inputs, 120 current-based LIF neurons, 3 leaky integrators.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};
use snn::core::neuron::{CubaState, HxTorchParameters};
use snn::prelude::*;

use super::Settings;
use super::chip::Chip;
use super::data::Input;

pub const INPUTS: usize = 5;
pub const HIDDEN: usize = 120;
pub const CLASSES: usize = 3;

#[derive(Module, Debug)]
pub struct YinYangNetwork {
    /// `[inputs, hidden]`
    hidden_weight: Param<Tensor<2>>,
    hidden: CubaLif,
    /// `[hidden, classes]`
    readout_weight: Param<Tensor<2>>,
    readout: CubaLi,
    /// The chip that it runs on, if it is not the ideal one.
    pub chip: Option<Chip>,
}

impl YinYangNetwork {
    pub fn new(
        settings: &Settings,
        seed: u32,
        chip: Option<Chip>,
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
            chip,
        })
    }

    /// Hidden spikes and readout membranes, `[T, B, 120]` and `[T, B, 3]`, of input `[T, B, 5]` and
    /// noise; membranes are what the chip reads of them.
    pub fn traces(&self, (input, mut noise): Input) -> (Tensor<3>, Tensor<3>) {
        let [_, batch, _] = input.dims();
        let device = input.device();
        let rest = |width| CubaState::zeros([batch, width], &device);
        let (hidden_weight, readout_weight) = (self.hidden_weight.val(), self.readout_weight.val());
        let (hidden_weight, readout_weight) = match &self.chip {
            Some(Chip { hidden, readout, .. }) => {
                (hidden.weights(hidden_weight), readout.weights(readout_weight))
            }
            None => (hidden_weight, readout_weight),
        };
        let (spikes, _) = self.hidden.forward(over_time(input, hidden_weight), rest(HIDDEN));
        let current = over_time(spikes.clone(), readout_weight);
        let (membranes, _) = self.readout.forward(current, rest(CLASSES));
        match &self.chip {
            Some(chip) => (spikes, chip.cadc.read(membranes, &mut noise)),
            None => (spikes, membranes),
        }
    }
}

impl SpikingNetwork for YinYangNetwork {
    type Input = Input;

    fn run(&self, input: Input) -> Activity {
        let (spikes, membranes) = self.traces(input);
        Activity { output: membranes, spike_counts: vec![sum_over_time(spikes)] }
    }
}

/// One matrix product for all steps: `[T, B, in]` to `[T, B, out]`.
fn over_time(input: Tensor<3>, weight: Tensor<2>) -> Tensor<3> {
    let ([steps, batch, width], [_, outputs]) = (input.dims(), weight.dims());
    let output = input.reshape([steps * batch, width]).matmul(weight);
    output.reshape([steps, batch, outputs])
}
