//! 100 recurrent LIF neurons and leaky integrators, as in Norse's example.

use std::error::Error;

use burn::module::Param;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal, Uniform};
use snn::core::neuron::NorseParameters;
use snn::core::recurrent::Connection;
use snn::core::sequential::Layer;
use snn::prelude::*;

use super::event_network::EventNetwork;

/// Neurons of the recurrent layer.
const HIDDEN: usize = 100;
/// The layers of recurrent neurons and of leaky integrators.
pub const NEURONS: usize = 2;
pub const READOUT: usize = 4;

/// A network of frames with so many pixels, both polarities counted.
pub fn network(
    inputs: usize,
    classes: usize,
    seed: u32,
    device: &Device,
) -> Result<EventNetwork, Box<dyn Error>> {
    let lif = NorseParameters {
        alpha: 100.0,
        v_th: 0.3,
        tau_syn_inv: 100.0,
        tau_mem_inv: 100.0,
        ..NorseParameters::default()
    };
    let lif = CubaLifConfig::norse_lif_recurrent(lif);
    let recurrence = RecurrentConfig::new(HIDDEN).with_autapses(false);
    let mut layers = SequentialConfig::new()
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(inputs, HIDDEN).with_bias(false))
        .layer(LayerConfig::recurrent(lif, recurrence))
        .layer(LinearConfig::new(HIDDEN, classes).with_bias(false))
        .layer(CubaLiConfig::norse_li(NorseParameters::default()))
        .init(device)?;
    // Drawn here rather than by Burn, so that every device starts from the same weights: as Norse draws those of
    // the recurrent cell, and PyTorch those of a linear layer.
    let mut rng = ChaCha8Rng::seed_from_u64(seed.into());
    let normal = Normal::new(0.0, (2.0 / HIDDEN as f64).sqrt())?;
    let bound = 1.0 / (HIDDEN as f64).sqrt();
    let uniform = Uniform::new(-bound, bound)?;
    for (number, layer) in layers.layers.iter_mut().enumerate() {
        match layer {
            Layer::Linear(linear) if number < NEURONS => fill(linear, &normal, &mut rng),
            Layer::Linear(linear) => fill(linear, &uniform, &mut rng),
            Layer::Recurrent(Recurrent { connection: Connection::Dense(dense), .. }) => {
                fill(&mut dense.linear, &normal, &mut rng);
            }
            _ => {}
        }
    }
    let hidden =
        |recording: &Recording| vec![sum_over_time(recording.outputs::<3>(NEURONS).detach())];
    Ok(EventNetwork { layers, hidden })
}

fn fill(linear: &mut Linear, distribution: &impl Distribution<f64>, rng: &mut ChaCha8Rng) {
    let (shape, device) = (linear.weight.dims(), linear.weight.device());
    let values: Vec<f64> = distribution.sample_iter(rng).take(shape.iter().product()).collect();
    let weight = Tensor::from_data(TensorData::new(values, shape), &device);
    linear.weight = Param::from_tensor(weight);
}
