//! Mean squared error of spike times.

use burn::config::Config;
use burn::tensor::{Int, Tensor};

use super::mask::{check_mask, divisors, zero_empty, zero_padding};
use super::spike_times::spike_times_until;
use super::target::{LabelCheck, Targets};

/// `((t - target) / T)²` for the first spikes of each neuron, one for each target given; `t` and its
/// gradient are those of [`spike_times`](super::spike_times()). snnTorch `mse_temporal_loss`, and
/// with several targets its `multi_spike=True`.
///
/// Unlike there, a negative target of other classes counts from the end also if it is below that of
/// the right class. (snnTorch's own default, 0 and -1, turns the -1 into 0: all classes are asked
/// to spike at once. `with_off_targets(vec![0.0])` reproduces it.)
#[derive(Config, Debug, PartialEq)]
#[doc(alias = "mse_temporal_loss")]
pub struct MseTemporalLoss {
    /// Times of the first spikes of the right class, in steps; negative ones count from the end, so
    /// that -1 is the last step.
    #[config(default = "vec![0.0]")]
    pub on_targets: Vec<f64>,
    /// The same of each other class.
    #[config(default = "vec![-1.0]")]
    pub off_targets: Vec<f64>,
    /// A time less than this from its target counts as on it.
    #[config(default = 0.0)]
    pub tolerance: f64,
    /// One weight for each class, which multiplies the loss of its samples.
    #[config(default = "None")]
    pub weights: Option<Vec<f64>>,
}

impl MseTemporalLoss {
    /// Mean over spikes, batch and classes, `[1]`, from spikes `[T, B, C]` and class indices `[B]`.
    ///
    /// # Panics
    ///
    /// See [`forward_no_reduction`](Self::forward_no_reduction).
    pub fn forward(&self, spikes: Tensor<3>, targets: Tensor<1, Int>) -> Tensor<1> {
        self.forward_no_reduction(spikes, targets).mean()
    }

    /// Computes [`forward`](Self::forward) for recordings of different lengths, see
    /// [`loss`](super). The mask is `[T, B]`; negative targets count from the end of each recording.
    ///
    /// # Panics
    ///
    /// Also if the mask has another shape.
    pub fn forward_masked(
        &self,
        spikes: Tensor<3>,
        targets: Tensor<1, Int>,
        mask: &Tensor<2>,
    ) -> Tensor<1> {
        self.losses(spikes, targets, Some(mask)).mean()
    }

    /// Loss of each spike, sample and class, `[F, B, C]`, weights included.
    ///
    /// # Panics
    ///
    /// If there are no steps, not one target for each sample, not one weight for each class, not as
    /// many times for the right class as for others, or none; on a CPU if a target is not a class, see
    /// [`loss`](super#class-indices).
    pub fn forward_no_reduction(&self, spikes: Tensor<3>, targets: Tensor<1, Int>) -> Tensor<3> {
        self.losses(spikes, targets, None)
    }

    fn losses(
        &self,
        spikes: Tensor<3>,
        targets: Tensor<1, Int>,
        mask: Option<&Tensor<2>>,
    ) -> Tensor<3> {
        let (on, off) = (self.on_targets.len(), self.off_targets.len());
        assert!(
            on == off && on > 0,
            "expected as many times for the right class as for others, got {on} and {off}"
        );
        let [_, batch, classes] = spikes.dims();
        let targets = Targets::new(targets, [batch], classes, LabelCheck::Now);
        let times = self.on_targets.iter().zip(&self.off_targets);
        let times = times.map(|(on, off)| targets.on_off::<2>(*on, *off));
        let times = Tensor::stack(times.collect(), 0);
        let errors = errors(spikes, times, self.tolerance, mask);
        match &self.weights {
            Some(weights) => errors * targets.weights::<2>(weights).unsqueeze(),
            None => errors,
        }
    }
}

/// `((t - time) / T)²` for the first `F` spikes of each neuron, from spikes `[T, B, N]` and their
/// wanted times `[F, B, N]`: 0 if they are less than `tolerance` apart. Negative times count from the
/// end. snnTorch `mse_temporal_loss(target_is_time=True, reduction="none")`.
///
/// # Panics
///
/// If there are no steps, or the times are not for these samples and neurons.
pub fn spike_time_error(spikes: Tensor<3>, times: Tensor<3>, tolerance: f64) -> Tensor<3> {
    errors(spikes, times, tolerance, None)
}

/// Computes [`spike_time_error`] for recordings of different lengths, see [`loss`](super). The mask is
/// `[T, B]`; `T` and the end from which negative times count are those of each recording.
///
/// # Panics
///
/// Also if the mask has another shape.
pub fn spike_time_error_masked(
    spikes: Tensor<3>,
    times: Tensor<3>,
    tolerance: f64,
    mask: &Tensor<2>,
) -> Tensor<3> {
    errors(spikes, times, tolerance, Some(mask))
}

fn errors(
    spikes: Tensor<3>,
    times: Tensor<3>,
    tolerance: f64,
    mask: Option<&Tensor<2>>,
) -> Tensor<3> {
    let [steps, batch, neurons] = spikes.dims();
    check_mask(&spikes.dims(), mask);
    let shape = times.dims();
    let count = shape[0];
    assert_eq!(
        shape,
        [count, batch, neurons],
        "expected times [F, {batch}, {neurons}], got {shape:?}"
    );
    let (spikes, steps) = match mask {
        Some(mask) => (zero_padding(spikes, mask), divisors(mask)),
        None => {
            let steps = Tensor::full([1, 1, 1], steps as f64, &spikes.device());
            (spikes, steps)
        }
    };
    let from_end = times.clone().lower_scalar(0.0);
    let times = times.clone().mask_where(from_end, times + steps.clone());
    let error = spike_times_until(spikes, count, steps.clone() - 1.0) - times;
    let tolerated = error.clone().detach().abs().lower_scalar(tolerance);
    let errors = (error.mask_fill(tolerated, 0.0) / steps).square();
    match mask {
        Some(mask) => zero_empty(errors, mask),
        None => errors,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check::{assert_close, classes, gradient, trains, values};
    use burn::tensor::Device;

    #[test]
    fn the_right_class_first_and_others_last() {
        // Class 0 at step 1 of 4, class 1 silent: (1 - 0)² and (3 - 3)².
        let loss = |spikes| MseTemporalLoss::new().forward(spikes, classes(&[0]));
        let (value, gradient) = gradient(trains(4, &[&[1], &[]]), loss);
        assert_eq!(value, 1.0 / 16.0 / 2.0);
        assert_eq!(gradient, [0.0, 0.0, -0.0625, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn times_within_the_tolerance_are_right() {
        let loss = MseTemporalLoss::new()
            .with_on_targets(vec![2.0])
            .with_off_targets(vec![5.0])
            .with_tolerance(2.0);
        let each = |spikes| values(loss.forward_no_reduction(spikes, classes(&[0])));
        assert_eq!(each(trains(10, &[&[3], &[5]])), [0.0, 0.0]);
        assert_close(&each(trains(10, &[&[4], &[8]])), &[0.04, 0.09]);
    }

    #[test]
    fn several_spikes_have_targets_of_their_own() {
        let loss = MseTemporalLoss::new()
            .with_on_targets(vec![0.0, 2.0])
            .with_off_targets(vec![-2.0, -1.0])
            .with_weights(Some(vec![1.0, 10.0]));
        // Errors 1, 0 of the first spikes, 1, 0 of the second, in steps of 10.
        let spikes = trains(10, &[&[8, 9], &[1, 3]]);
        let each = values(loss.forward_no_reduction(spikes, classes(&[1])));
        assert_close(&each, &[0.0, 0.1, 0.0, 0.1]);
    }

    #[test]
    fn silent_neurons_are_pulled_from_the_last_step() {
        let times = Tensor::from_floats([[[1.0]]], &Device::default().autodiff());
        let loss = |spikes| spike_time_error(spikes, times.clone(), 0.0).sum();
        let (value, gradient) = gradient(trains(4, &[&[]]), loss);
        assert_eq!(value, 0.25);
        assert_eq!(gradient, [0.0, 0.0, 0.0, -0.25]);
    }

    #[test]
    #[should_panic(expected = "expected times [F, 1, 2], got [1, 2, 1]")]
    fn every_neuron_has_a_time() {
        let times = Tensor::zeros([1, 2, 1], &Device::default().autodiff());
        spike_time_error(trains(4, &[&[], &[]]), times, 0.0);
    }

    #[test]
    #[should_panic(expected = "as many times for the right class as for others, got 2 and 1")]
    fn both_kinds_of_classes_have_as_many_times() {
        let loss = MseTemporalLoss::new().with_on_targets(vec![0.0, 1.0]);
        loss.forward(trains(4, &[&[]]), classes(&[0]));
    }
}
