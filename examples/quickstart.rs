//! One neuron, a constant current in, spikes out.

use burn::tensor::{Device, Tensor};
use snn::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::default();
    let lif = LifConfig::snntorch_leaky(0.9).init(&device)?;

    let current = Tensor::<3>::full([40, 1, 1], 0.15, &device); // [time, batch, neurons]
    let state = lif.initial_state([1, 1], &device);
    let (spikes, states) = lif.record(current, state);

    let spikes = spikes.into_data().try_to_vec::<f32>()?;
    let membrane = states.v.into_data().try_to_vec::<f32>()?;
    for (t, (z, v)) in spikes.iter().zip(membrane).enumerate() {
        let bar = "█".repeat((20.0 * v) as usize);
        println!("{t:>2}  v = {v:.3}  {bar}{}", if *z > 0.0 { "  spike" } else { "" });
    }
    Ok(())
}
