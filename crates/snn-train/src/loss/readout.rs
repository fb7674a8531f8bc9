//! From a sequence to scores.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::filter::moving_mean;
use super::mask::{check_mask, divisors, fill_padding, last_steps, zero_empty, zero_padding};
use super::spike_times::{spike_times, spike_times_until};

/// How a sequence `[T, B, C]` becomes scores: one for each class, or one for each class and step.
/// Of several steps, a loss is the mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Readout {
    /// The sequence itself: a score at every step.
    EachStep,
    /// At every step the mean over the last `window` steps; steps before the first count as zero.
    MovingMean {
        /// Number of steps.
        window: usize,
    },
    /// The sum over time: spike counts, or the integral of a membrane.
    Sum,
    /// The mean over time: firing rates.
    Mean,
    /// The largest value over time. The gradient goes to the first step that reached it.
    Max,
    /// The value at the last step.
    Last,
    /// The time of the first spike, inverted so that early is large; see
    /// [`spike_times`](super::spike_times()) for silent neurons and the gradient.
    FirstSpike(Inverse),
}

/// How a time becomes a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Inverse {
    /// `-t`
    #[default]
    Negate,
    /// `1 / (t + 1)`
    Reciprocal,
}

impl Readout {
    /// Scores `[S, B, C]`, where `S` is `T` for the readouts at every step, else 1. With a `mask`
    /// `[T, B]`, those of the steps where it is 1, which come first. Scores at padded steps are 0, as
    /// are all scores of a recording without a step; neither has a gradient.
    ///
    /// # Panics
    ///
    /// If there are no steps, a window is empty, or the mask has another shape.
    pub fn scores(&self, sequence: Tensor<3>, mask: Option<&Tensor<2>>) -> Tensor<3> {
        check_mask(&sequence.dims(), mask);
        match mask {
            None => self.scores_of_all(sequence),
            Some(mask) => self.scores_of_some(sequence, mask),
        }
    }

    fn scores_of_some(&self, sequence: Tensor<3>, mask: &Tensor<2>) -> Tensor<3> {
        // A maximum fills padding by itself.
        let sequence = match self {
            Self::Max => sequence,
            _ => zero_padding(sequence, mask),
        };
        match *self {
            Self::EachStep => sequence,
            // The window still reaches back to the recording after its end.
            Self::MovingMean { window } => zero_padding(moving_mean(sequence, window), mask),
            Self::Sum => sequence.sum_dim(0),
            Self::Mean => sequence.sum_dim(0) / divisors(mask),
            Self::Max => {
                let largest = fill_padding(sequence, mask, f64::NEG_INFINITY).max_dim(0);
                zero_empty(largest, mask)
            }
            Self::Last => {
                let others = last_steps(mask).equal_elem(0.0).expand(sequence.dims());
                sequence.mask_fill(others, 0.0).sum_dim(0)
            }
            Self::FirstSpike(inverse) => {
                let times = spike_times_until(sequence, 1, divisors(mask) - 1.0);
                zero_empty(inverse.of(times), mask)
            }
        }
    }

    fn scores_of_all(&self, sequence: Tensor<3>) -> Tensor<3> {
        let shape = sequence.dims();
        match *self {
            Self::EachStep => sequence,
            Self::MovingMean { window } => moving_mean(sequence, window),
            Self::Sum => sequence.sum_dim(0),
            Self::Mean => sequence.mean_dim(0),
            Self::Max => sequence.max_dim(0),
            Self::Last => sequence.narrow(0, shape[0] - 1, 1),
            Self::FirstSpike(inverse) => inverse.of(spike_times(sequence, 1)),
        }
    }
}

impl Inverse {
    fn of(self, times: Tensor<3>) -> Tensor<3> {
        match self {
            Self::Negate => times.neg(),
            Self::Reciprocal => times.add_scalar(1.0).recip(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check::{assert_close, sequence, trains, values};

    #[test]
    fn scores_of_a_short_sequence() {
        let spikes = || trains(4, &[&[1, 3], &[2]]);
        let of = |readout: Readout| values(readout.scores(spikes(), None));
        assert_eq!(of(Readout::EachStep), values(spikes()));
        assert_eq!(of(Readout::Sum), [2.0, 1.0]);
        assert_eq!(of(Readout::Mean), [0.5, 0.25]);
        assert_eq!(of(Readout::Max), [1.0, 1.0]);
        assert_eq!(of(Readout::Last), [1.0, 0.0]);
        assert_eq!(of(Readout::FirstSpike(Inverse::Negate)), [-1.0, -2.0]);
        assert_close(&of(Readout::FirstSpike(Inverse::Reciprocal)), &[0.5, 1.0 / 3.0]);
        let window = Readout::MovingMean { window: 2 };
        assert_close(&of(window), &[0.0, 0.0, 0.5, 0.0, 0.5, 0.5, 0.5, 0.5]);
    }

    #[test]
    #[should_panic(expected = "expected at least one time step")]
    fn there_must_be_steps() {
        Readout::Max.scores(sequence([0, 2, 3]), None);
    }
}
