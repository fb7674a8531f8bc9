//! How many synapses an event drives.

use burn::nn::conv::Conv2d;

use crate::recurrent::Connection;
use crate::sequential::Layer;
use crate::window::Window;

/// The synapses of a layer.
#[derive(Debug, Clone)]
pub(super) struct FanOut {
    /// Channels of the input, and the synapses of an input per row, column and channel.
    channels: usize,
    rows: Vec<usize>,
    columns: Vec<usize>,
    outputs: usize,
    /// Whether the layer's own events drive them.
    recurrent: bool,
    /// Synapses of an input far from borders: kernel over stride, times channels.
    pub(super) formula: f64,
}

impl FanOut {
    /// Those of a layer whose samples have this shape; `None` without synapses.
    pub(super) fn of(layer: &Layer, sample: &[usize]) -> Option<Self> {
        match layer {
            Layer::Linear(linear) => {
                let [inputs, outputs] = linear.weight.dims();
                Some(Self::dense(inputs, outputs, false))
            }
            Layer::Conv2d(conv) => Some(Self::convolution(conv, sample, false)),
            Layer::Recurrent(recurrent) => Some(match &recurrent.connection {
                Connection::Dense(dense) => {
                    let [neurons, _] = dense.linear.weight.dims();
                    Self::dense(neurons, neurons - usize::from(!dense.autapses), true)
                }
                Connection::Conv2d(conv) => Self::convolution(conv, sample, true),
                Connection::OneToOne(_) => Self::dense(sample.iter().product(), 1, true),
            }),
            _ => None,
        }
    }

    fn dense(inputs: usize, outputs: usize, recurrent: bool) -> Self {
        let one = vec![1];
        let formula = outputs as f64;
        Self { channels: inputs, rows: one.clone(), columns: one, outputs, recurrent, formula }
    }

    fn convolution(conv: &Conv2d, sample: &[usize], recurrent: bool) -> Self {
        let window = Window::from(conv);
        let side = |axis: usize| {
            let size = sample.get(axis + 1).copied().unwrap_or(0);
            windows_of_each(&window, axis, size)
        };
        let [outputs, ..] = conv.weight.dims();
        let outputs = outputs / conv.groups;
        let per_stride = |axis: usize| conv.kernel_size[axis] as f64 / conv.stride[axis] as f64;
        Self {
            channels: sample.first().copied().unwrap_or(0),
            rows: side(0),
            columns: side(1),
            outputs,
            recurrent,
            formula: per_stride(0) * per_stride(1) * outputs as f64,
        }
    }

    /// The number of [`EventCounts::input`](crate::sequential::EventCounts::input) that drives the
    /// synapses of layer number `layer`.
    pub(super) fn driven_by(&self, layer: usize) -> usize {
        layer + usize::from(self.recurrent)
    }

    /// Number of inputs.
    pub(super) fn inputs(&self) -> usize {
        self.channels * self.rows.len() * self.columns.len()
    }

    /// The synapses of each input.
    pub(super) fn each(&self) -> Vec<f32> {
        let map = self.rows.iter().flat_map(|row| {
            self.columns.iter().map(move |column| (row * column * self.outputs) as f32)
        });
        map.collect::<Vec<f32>>().repeat(self.channels)
    }
}

/// In how many windows each of `size` pixels along an axis is.
fn windows_of_each(window: &Window<'_>, axis: usize, size: usize) -> Vec<usize> {
    let mut windows = vec![0; size];
    let (before, _) = window.padding(axis, size);
    for place in 0..window.places(axis, size).unwrap_or(0) {
        for tap in 0..window.kernel[axis] {
            let at = place * window.stride[axis] + tap * window.dilation[axis];
            if let Some(pixel) = at.checked_sub(before).filter(|pixel| *pixel < size) {
                windows[pixel] += 1;
            }
        }
    }
    windows
}
