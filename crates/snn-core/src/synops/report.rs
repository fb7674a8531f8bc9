//! The table of a network's operations.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};

use super::flow::{self, Role};
use super::{Energy, SynOpsCounter};

/// Synaptic operations of a network, mean over samples; prints as a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SynOpsReport {
    /// Number of samples.
    pub samples: usize,
    /// Steps of a sample.
    pub steps: f64,
    /// Length of a step in seconds.
    pub dt: f64,
    /// The layers that events reach, first to last: those with weights, and pooling and flattening that
    /// is not between weights and their neurons, where currents are.
    pub layers: Vec<LayerSynOps>,
}

/// A line of a [`SynOpsReport`]; numbers are those of a sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerSynOps {
    /// Number of the layer in the network.
    pub layer: usize,
    /// Name of the layer.
    pub name: String,
    /// Events that arrive.
    pub events_in: f64,
    /// Events that leave: the spikes of the neurons that it drives. Weights in front of no spiking
    /// neuron or rectified unit make no events.
    pub events_out: f64,
    /// Synapses of an input: kernel over stride, times channels; outputs of a linear layer; 0 of a layer
    /// without weights.
    pub fan_out: f64,
    /// Synaptic operations, borders and strides counted exactly.
    pub synops: f64,
    /// Synaptic operations as `events_in · fan_out`.
    pub synops_by_formula: f64,
    /// Multiplications with additions that an analog network makes in all steps: one for every weight.
    pub macs: f64,
    /// The spiking neurons that it drives, if there are some; those with a recurrent connection are in
    /// the line of the layer in front of them, and in their own line without one.
    pub neurons: Option<NeuronActivity>,
}

/// What neurons do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NeuronActivity {
    /// Number of neurons.
    pub count: usize,
    /// Spikes of a neuron in a step.
    pub rate: f64,
    /// Neurons without a spike in any sample.
    pub silent: usize,
    /// Neurons with at least as many spikes as steps, over all samples.
    pub saturated: usize,
}

pub(super) fn report(counter: &SynOpsCounter<'_>, dt: f64) -> SynOpsReport {
    assert!(counter.samples > 0, "nothing was counted");
    assert!(dt.is_finite() && dt > 0.0, "expected steps of more than 0 seconds, got {dt}");
    let (samples, steps) = (counter.samples as f64, counter.steps as f64);
    let layers = &counter.network.layers;
    let lines = flow::lines(counter.network).into_iter().map(|flow::Line { layer, units }| {
        let fan_out = counter.fan_out[layer].as_ref();
        let formula = fan_out.map_or(0.0, |fan_out| fan_out.formula);
        let arriving = counter.events[fan_out.map_or(layer, |fan_out| fan_out.driven_by(layer))];
        let leaving = match Role::of(&layers[layer]) {
            Role::Weights => units,
            _ => units.or(Some(layer)),
        };
        let neurons = units.filter(|at| layers[*at].has_neurons());
        LayerSynOps {
            layer,
            name: layers[layer].name(),
            events_in: arriving / samples,
            events_out: leaving.map_or(0.0, |at| counter.events[at + 1]) / samples,
            fan_out: formula,
            synops: counter.synops[layer] / samples,
            synops_by_formula: arriving * formula / samples,
            macs: counter.macs[layer] as f64 * steps / samples,
            neurons: neurons.map(|at| activity(&counter.spikes[at], steps)),
        }
    });
    SynOpsReport { samples: counter.samples, steps: steps / samples, dt, layers: lines.collect() }
}

/// `steps` are those of all samples.
fn activity(spikes: &[f64], steps: f64) -> NeuronActivity {
    NeuronActivity {
        count: spikes.len(),
        rate: spikes.iter().sum::<f64>() / (spikes.len() as f64 * steps),
        silent: spikes.iter().filter(|spikes| **spikes == 0.0).count(),
        saturated: spikes.iter().filter(|spikes| **spikes >= steps).count(),
    }
}

impl SynOpsReport {
    /// Synaptic operations of a sample.
    pub fn synops(&self) -> f64 {
        self.layers.iter().map(|layer| layer.synops).sum()
    }

    /// Synaptic operations of a sample, `events_in · fan_out`, without regard to borders: what sinabs' first
    /// version says.
    pub fn synops_by_formula(&self) -> f64 {
        self.layers.iter().map(|layer| layer.synops_by_formula).sum()
    }

    /// Multiplications with additions of an analog network in as many steps.
    pub fn macs(&self) -> f64 {
        self.layers.iter().map(|layer| layer.macs).sum()
    }

    /// Seconds that a sample takes.
    pub fn seconds(&self) -> f64 {
        self.steps * self.dt
    }

    /// Synaptic operations in a second.
    pub fn per_second(&self) -> f64 {
        self.synops() / self.seconds()
    }

    /// Joules for a sample.
    pub fn joules(&self, energy: Energy) -> f64 {
        self.synops() * energy.0
    }

    /// Watts, as long as events come.
    pub fn watts(&self, energy: Energy) -> f64 {
        self.joules(energy) / self.seconds()
    }
}

impl Display for SynOpsReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let header = [
            "",
            "layer",
            "in",
            "out",
            "fan-out",
            "SynOps",
            "SynOps/s",
            "neurons",
            "rate",
            "silent",
            "saturated",
        ];
        let mut lines = vec![header.map(String::from)];
        let seconds = self.seconds();
        lines.extend(self.layers.iter().map(|layer| {
            let of = |number: fn(&NeuronActivity) -> String| {
                layer.neurons.as_ref().map_or_else(String::new, number)
            };
            [
                layer.layer.to_string(),
                layer.name.clone(),
                format!("{:.0}", layer.events_in),
                format!("{:.0}", layer.events_out),
                format!("{}", layer.fan_out),
                format!("{:.0}", layer.synops),
                format!("{:.0}", layer.synops / seconds),
                of(|neurons| neurons.count.to_string()),
                of(|neurons| format!("{:.4}", neurons.rate)),
                of(|neurons| neurons.silent.to_string()),
                of(|neurons| neurons.saturated.to_string()),
            ]
        }));
        let mut total = [""; 11].map(String::from);
        total[1] = "total".into();
        total[5] = format!("{:.0}", self.synops());
        total[6] = format!("{:.0}", self.per_second());
        lines.push(total);

        let widths: Vec<usize> = (0..header.len())
            .map(|column| lines.iter().map(|line| line[column].len()).max().unwrap_or(0))
            .collect();
        for line in &lines {
            let cells = line.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
                if column == 1 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            });
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}
