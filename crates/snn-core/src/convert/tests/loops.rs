//! A converted network as loops over numbers.

use burn::nn::PaddingConfig2d;
use burn::nn::pool::AvgPool2d;
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

    /// The same with each number as `f` has it, by its channel.
    fn by_channel(self, f: impl Fn(usize, f64) -> f64) -> Self {
        let pixels = self.shape[1] * self.shape[2];
        let values = self.values.iter().enumerate();
        Self { values: values.map(|(index, x)| f(index / pixels, *x)).collect(), ..self }
    }

    /// `channels` maps with a value for each place of a window, from the input in it by channel and tap.
    fn windows(
        &self,
        channels: usize,
        frame: &Frame,
        value: impl Fn(usize, &dyn Fn(usize, [usize; 2]) -> f64) -> f64,
    ) -> Self {
        let Frame { kernel, stride, dilation, padding: [top, left, bottom, right] } = *frame;
        let side = |axis: usize, around: usize| {
            let extent = dilation[axis] * (kernel[axis] - 1) + 1;
            (self.shape[axis + 1] + around - extent) / stride[axis] + 1
        };
        let shape = [channels, side(0, top + bottom), side(1, left + right)];
        let mut values = Vec::new();
        for channel in 0..channels {
            for y in 0..shape[1] {
                for x in 0..shape[2] {
                    values.push(value(channel, &|c, [down, across]| {
                        let y = (y * stride[0] + down * dilation[0]) as isize - top as isize;
                        let x = (x * stride[1] + across * dilation[1]) as isize - left as isize;
                        self.at(c, y, x)
                    }));
                }
            }
        }
        Self { shape, values }
    }
}

/// What a window is.
struct Frame {
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    padding: [usize; 4],
}

impl Frame {
    fn taps(&self) -> impl Iterator<Item = [usize; 2]> {
        let [height, width] = self.kernel;
        (0..height).flat_map(move |y| (0..width).map(move |x| [y, x]))
    }
}

impl From<&AvgPool2d> for Frame {
    fn from(pool: &AvgPool2d) -> Self {
        let (kernel, stride) = (pool.kernel_size, pool.stride);
        Self { kernel, stride, dilation: [1, 1], padding: around(&pool.padding) }
    }
}

fn around(padding: &PaddingConfig2d) -> [usize; 4] {
    match *padding {
        PaddingConfig2d::Valid => [0; 4],
        PaddingConfig2d::Explicit(top, left, bottom, right) => [top, left, bottom, right],
        PaddingConfig2d::Same => panic!("no fixed padding"),
    }
}

/// One step of integrate-and-fire neurons with the membranes `v`.
fn fire(config: &ConversionConfig, v: &mut Vec<f64>, x: &Maps) -> Maps {
    let ConversionConfig { threshold, max_spikes, v_min, .. } = *config;
    let subtract = config.membrane_subtract.unwrap_or(threshold);
    v.resize(x.values.len(), config.initial_membrane * threshold);
    let spikes = v.iter_mut().zip(&x.values).map(|(v, x)| {
        *v += x;
        let fits = if *v >= threshold { ((*v - threshold) / subtract).trunc() + 1.0 } else { 0.0 };
        let n = max_spikes.map_or(fits, |max| fits.min(f64::from(max)));
        *v -= n * subtract;
        if let Some(low) = v_min {
            *v = if *v > low { *v } else { low };
        }
        n
    });
    Maps { shape: x.shape, values: spikes.collect() }
}

/// One step of a layer of the original, with neurons in place of rectified units; what adds a constant adds
/// one share of it. `memory` is what a layer keeps from one step to the next.
fn step(layer: &Layer, x: Maps, memory: &mut Vec<f64>, config: &ConversionConfig) -> Maps {
    let steps = config.bias_steps;
    let numbers = |x: Tensor<1>| values(x).into_iter().map(f64::from).collect::<Vec<_>>();
    match layer {
        Layer::Conv2d(conv) => {
            let [outputs, per_group, ..] = conv.weight.dims();
            let frame = Frame {
                kernel: conv.kernel_size,
                stride: conv.stride,
                dilation: conv.dilation,
                padding: around(&conv.padding),
            };
            let weight = values(conv.weight.val());
            let bias = conv.bias.as_ref().map_or(vec![0.0; outputs], |bias| numbers(bias.val()));
            x.windows(outputs, &frame, |o, at| {
                let group = o / (outputs / conv.groups);
                let mut weights = weight[o * weight.len() / outputs..].iter();
                let mut sum = bias[o] / steps;
                for c in group * per_group..(group + 1) * per_group {
                    for (tap, weight) in frame.taps().zip(&mut weights) {
                        sum += f64::from(*weight) * at(c, tap);
                    }
                }
                sum
            })
        }
        Layer::AvgPool2d(pool) => {
            let frame = Frame::from(pool);
            let area = (frame.kernel[0] * frame.kernel[1]) as f64;
            x.windows(x.shape[0], &frame, |c, at| {
                frame.taps().map(|tap| at(c, tap)).sum::<f64>() / area
            })
        }
        Layer::SumPool2d(pool) => {
            let frame = Frame::from(&pool.mean);
            x.windows(x.shape[0], &frame, |c, at| frame.taps().map(|tap| at(c, tap)).sum())
        }
        // The largest of all that has come so far, less what was the largest before.
        Layer::MaxPool2d(pool) => {
            let frame = Frame {
                kernel: pool.kernel_size,
                stride: pool.stride,
                dilation: pool.dilation,
                padding: around(&pool.padding),
            };
            let largest = |sums: &[f64]| {
                let sums = Maps { shape: x.shape, values: sums.to_vec() };
                sums.windows(x.shape[0], &frame, |c, at| {
                    frame.taps().map(|tap| at(c, tap)).fold(f64::NEG_INFINITY, f64::max)
                })
            };
            memory.resize(x.values.len(), 0.0);
            let before = largest(memory);
            memory.iter_mut().zip(&x.values).for_each(|(sum, x)| *sum += x);
            let mut after = largest(memory);
            after
                .values
                .iter_mut()
                .zip(&before.values)
                .for_each(|(after, before)| *after -= before);
            after
        }
        Layer::BatchNorm(norm) => {
            let [gamma, beta] = [&norm.gamma, &norm.beta].map(|param| numbers(param.val()));
            let [mean, variance] =
                [&norm.running_mean, &norm.running_var].map(|state| numbers(state.value()));
            x.by_channel(|c, x| {
                let scale = gamma[c] / (variance[c] + norm.epsilon).sqrt();
                x * scale + (beta[c] - mean[c] * scale) / steps
            })
        }
        Layer::Linear(linear) => {
            let [inputs, outputs] = linear.weight.dims();
            let weight = values(linear.weight.val());
            let bias = linear.bias.as_ref().map_or(vec![0.0; outputs], |bias| numbers(bias.val()));
            let output = |o: usize| {
                let products =
                    (0..inputs).map(|i| f64::from(weight[i * outputs + o]) * x.values[i]);
                bias[o] / steps + products.sum::<f64>()
            };
            Maps { shape: [outputs, 1, 1], values: (0..outputs).map(output).collect() }
        }
        Layer::Relu(_) => fire(config, memory, &x),
        Layer::Flatten(_) => Maps { shape: [x.values.len(), 1, 1], ..x },
        Layer::Dropout(_) => x,
        other => panic!("no loops for {}", other.name()),
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
    let mut trains = vec![vec![Vec::new(); steps * batch]; ann.layers.len()];
    for sample in 0..batch {
        let mut memory = vec![Vec::new(); ann.layers.len()];
        for time in 0..steps {
            let at = time * batch + sample;
            let frame = &input[at * c * h * w..][..c * h * w];
            let values = frame.iter().map(|x| f64::from(*x)).collect();
            let mut x = Maps { shape: [c, h, w], values };
            for (index, layer) in ann.layers.iter().enumerate() {
                x = step(layer, x, &mut memory[index], config);
                if matches!(layer, Layer::Relu(_)) {
                    trains[index][at] = x.values.iter().map(|n| *n as f32).collect();
                }
            }
        }
    }
    let trains = trains.into_iter().map(|layer| layer.concat());
    trains.filter(|layer| !layer.is_empty()).collect()
}
