//! A converted network as loops over numbers.

use burn::nn::PaddingConfig2d;
use burn::tensor::Tensor;

use super::values;
use crate::convert::ConversionConfig;
use crate::sequential::{Layer, Sequential};

/// Numbers `[C, H, W]`, of one sample in one step.
#[derive(Clone)]
struct Maps {
    shape: [usize; 3],
    values: Vec<f64>,
}

impl Maps {
    fn at(&self, c: usize, y: isize, x: isize) -> f64 {
        let [_, height, width] = self.shape;
        let inside = y >= 0 && x >= 0 && (y as usize) < height && (x as usize) < width;
        if inside { self.values[(c * height + y as usize) * width + x as usize] } else { 0.0 }
    }

    /// `channels` maps with a value for each place of a window.
    fn windows(
        &self,
        channels: usize,
        [kernel, stride, padding]: [usize; 3],
        value: impl Fn(usize, isize, isize) -> f64,
    ) -> Self {
        let side = |size: usize| (size + 2 * padding - kernel) / stride + 1;
        let [_, height, width] = self.shape;
        let shape = [channels, side(height), side(width)];
        let start = |place: usize| (place * stride) as isize - padding as isize;
        let mut values = Vec::new();
        for c in 0..channels {
            for y in 0..shape[1] {
                values.extend((0..shape[2]).map(|x| value(c, start(y), start(x))));
            }
        }
        Self { shape, values }
    }
}

/// Membranes of one layer, and what a neuron is.
struct Neurons<'a> {
    config: &'a ConversionConfig,
    v: Vec<f64>,
}

impl Neurons<'_> {
    fn step(&mut self, x: &Maps) -> Maps {
        let ConversionConfig { threshold, max_spikes, v_min, .. } = *self.config;
        let subtract = self.config.membrane_subtract.unwrap_or(threshold);
        self.v.resize(x.values.len(), self.config.initial_membrane * threshold);
        let spikes = self.v.iter_mut().zip(&x.values).map(|(v, x)| {
            *v += x;
            let fits =
                if *v >= threshold { ((*v - threshold) / subtract).trunc() + 1.0 } else { 0.0 };
            let n = max_spikes.map_or(fits, |max| fits.min(f64::from(max)));
            *v -= n * subtract;
            if let Some(low) = v_min {
                *v = if *v > low { *v } else { low };
            }
            n
        });
        Maps { shape: x.shape, values: spikes.collect() }
    }
}

/// The original's weights, each step of each sample by itself: spikes of all neurons, layer by layer,
/// `[T, B, ...]`.
pub(super) fn by_loops(
    ann: &Sequential,
    x: &Tensor<5>,
    config: &ConversionConfig,
) -> Vec<Vec<f32>> {
    let [steps, batch, c, h, w] = x.dims();
    let input = values(x.clone());
    let layers = ann.layers.iter().filter(|layer| matches!(layer, Layer::Relu(_))).count();
    let mut trains = vec![vec![Vec::new(); steps * batch]; layers];
    for sample in 0..batch {
        let mut neurons: Vec<Neurons<'_>> =
            (0..layers).map(|_| Neurons { config, v: Vec::new() }).collect();
        for step in 0..steps {
            let at = (step * batch + sample) * c * h * w;
            let frame = input[at..at + c * h * w].iter().map(|x| f64::from(*x)).collect();
            let mut x = Maps { shape: [c, h, w], values: frame };
            let mut fired = 0;
            for layer in &ann.layers {
                x = match layer {
                    Layer::Conv2d(conv) => {
                        let [outputs, per_group, kernel, _] = conv.weight.dims();
                        let padding = match conv.padding {
                            PaddingConfig2d::Explicit(padding, ..) => padding,
                            _ => 0,
                        };
                        let weight = values(conv.weight.val());
                        let bias = conv.bias.as_ref().map(|bias| values(bias.val()));
                        x.windows(outputs, [kernel, conv.stride[0], padding], |o, top, left| {
                            let group = o / (outputs / conv.groups);
                            let mut sum = bias.as_ref().map_or(0.0, |bias| f64::from(bias[o]));
                            for (index, weight) in weight
                                .chunks(per_group * kernel * kernel)
                                .nth(o)
                                .unwrap()
                                .iter()
                                .enumerate()
                            {
                                let (c, tap) =
                                    (index / (kernel * kernel), index % (kernel * kernel));
                                let y = top + (tap / kernel) as isize;
                                let at = left + (tap % kernel) as isize;
                                sum += f64::from(*weight) * x.at(group * per_group + c, y, at);
                            }
                            sum
                        })
                    }
                    Layer::AvgPool2d(pool) => {
                        let kernel = pool.kernel_size[0];
                        let area = (kernel * kernel) as f64;
                        x.windows(x.shape[0], [kernel, pool.stride[0], 0], |c, top, left| {
                            let taps = (0..kernel * kernel).map(|tap| {
                                x.at(
                                    c,
                                    top + (tap / kernel) as isize,
                                    left + (tap % kernel) as isize,
                                )
                            });
                            taps.sum::<f64>() / area
                        })
                    }
                    Layer::Linear(linear) => {
                        let [inputs, outputs] = linear.weight.dims();
                        let weight = values(linear.weight.val());
                        let bias = linear.bias.as_ref().map(|bias| values(bias.val()));
                        let output = |o: usize| {
                            let bias = bias.as_ref().map_or(0.0, |bias| f64::from(bias[o]));
                            let products = (0..inputs)
                                .map(|i| f64::from(weight[i * outputs + o]) * x.values[i]);
                            bias / config.bias_steps + products.sum::<f64>()
                        };
                        Maps { shape: [outputs, 1, 1], values: (0..outputs).map(output).collect() }
                    }
                    Layer::Relu(_) => {
                        let spikes = neurons[fired].step(&x);
                        trains[fired][step * batch + sample] =
                            spikes.values.iter().map(|n| *n as f32).collect();
                        fired += 1;
                        spikes
                    }
                    _ => x,
                };
            }
        }
    }
    trains.into_iter().map(|layer| layer.concat()).collect()
}
