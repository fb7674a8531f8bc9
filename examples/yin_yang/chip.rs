//! The chip that the network is put on: a stand-in for BrainScaleS-2.

use burn::module::Module;
use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use snn::core::ConfigError;
use snn::core::hardware::{Cadc, CadcConfig, SynapseArray, SynapseArrayConfig};

use super::Settings;
use super::network::{CLASSES, HIDDEN, INPUTS};

/// The chip's weight for a weight of 1, as in the tutorial.
const WEIGHT_SCALE: f64 = 66.39;
/// Rows of synapses for each input, as in the tutorial; here all have the same weight.
const ROWS: f64 = 5.0;
/// Time between two samples of a membrane, in µs. The chip cannot do better than 1.7.
const SAMPLING_PERIOD: f64 = 2.0;

#[derive(Module, Debug)]
pub struct Chip {
    pub hidden: SynapseArray,
    pub readout: SynapseArray,
    pub cadc: Cadc,
}

impl Chip {
    /// One chip; every seed is another.
    pub fn new(settings: &Settings, seed: u32, device: &Device) -> Result<Self, ConfigError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed.into());
        rng.set_stream(u64::MAX);
        let mut synapses = |scale, shape| {
            let config = SynapseArrayConfig::new(scale);
            let config = match settings.mismatch {
                Some(mismatch) => config.with_mismatch(mismatch),
                None => config,
            };
            config.init(shape, &mut rng, device)
        };
        let hidden = synapses(WEIGHT_SCALE / ROWS, [INPUTS, HIDDEN])?;
        let readout = synapses(WEIGHT_SCALE, [HIDDEN, CLASSES])?;
        let steps = (SAMPLING_PERIOD / settings.dt).round().max(1.0) as usize;
        let cadc = CadcConfig::new().with_sampling_period(steps);
        Ok(Self { hidden, readout, cadc: cadc.init(CLASSES, &mut rng, device)? })
    }
}
