//! Max pooling of spike trains: a window has put out as much as its busiest input.
//!
//! ```text
//! S ← S + x                                  what each input has given so far
//! y = max S - (max S one step before)        over each window
//! ```
//!
//! The sum of `y` is at every step the maximum of the summed inputs, so a converted network computes
//! what the max pooling of the original does. Of spikes it makes spikes: none is negative, and none is
//! lost. (sinabs' `SpikingMaxPooling2d` passes the spikes of the input that leads, and so puts out more
//! than the maximum when the lead changes.)

use burn::config::Config;
use burn::module::Module;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::tensor::Tensor;

/// Configuration of [`SpikingMaxPool2d`].
#[derive(Config, Debug)]
pub struct SpikingMaxPool2dConfig {
    /// The windows.
    pub pool: MaxPool2dConfig,
}

impl SpikingMaxPool2dConfig {
    /// The layer.
    pub fn init(&self) -> SpikingMaxPool2d {
        SpikingMaxPool2d { pool: self.pool.init() }
    }
}

/// Max pooling of what has come so far.
#[derive(Module, Debug)]
pub struct SpikingMaxPool2d {
    /// The windows.
    pub pool: MaxPool2d,
}

impl SpikingMaxPool2d {
    /// A sequence from the sums of earlier inputs, or from none: outputs, and the sums with it.
    ///
    /// # Shapes
    ///
    /// `x`: `[T, B, C, H, W]`; sums: `[B, C, H, W]`; output: `[T, B, C, H', W']`, with the height and
    /// width of Burn's `MaxPool2d`.
    ///
    /// # Panics
    ///
    /// If the sums do not have the shape of one step of `x`.
    pub fn forward(&self, x: Tensor<5>, sums: Option<Tensor<4>>) -> (Tensor<5>, Tensor<4>) {
        let [steps, batch, c, h, w] = x.dims();
        let sums = sums.unwrap_or_else(|| Tensor::zeros([batch, c, h, w], &x.device()));
        let (expected, found) = ([batch, c, h, w], sums.dims());
        assert!(
            found == expected,
            "expected sums of shape {expected:?}, the shape of one step of the input, found {found:?}: \
             begin with `None`"
        );
        let after = x.cumsum(0) + sums.clone().unsqueeze_dim(0);
        let last = after.clone().narrow(0, steps - 1, 1).squeeze_dim(0);
        let all = Tensor::cat(vec![sums.unsqueeze_dim(0), after], 0);
        let largest = self.pool.forward(all.reshape([(steps + 1) * batch, c, h, w]));
        let [_, _, h, w] = largest.dims();
        let largest = largest.reshape([steps + 1, batch, c, h, w]);
        (largest.clone().narrow(0, 1, steps) - largest.narrow(0, 0, steps), last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn values<const D: usize>(x: Tensor<D>) -> Vec<f32> {
        x.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn a_window_gives_as_much_as_its_busiest_input() {
        let device = Device::default();
        // Two inputs: the second one takes the lead in step 3.
        let x = [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [2.0, 0.0]];
        let x = Tensor::<2>::from_floats(x, &device).reshape([4, 1, 1, 1, 2]);
        let pool = SpikingMaxPool2dConfig::new(MaxPool2dConfig::new([1, 2])).init();
        let (y, sums) = pool.forward(x.clone(), None);
        assert_eq!(values(y.clone()), [1.0, 0.0, 1.0, 1.0]);
        assert_eq!(values(sums), [3.0, 2.0]);

        let (first, sums) = pool.forward(x.clone().narrow(0, 0, 2), None);
        let (second, _) = pool.forward(x.narrow(0, 2, 2), Some(sums));
        assert_eq!(values(Tensor::cat(vec![first, second], 0)), values(y));
    }

    #[test]
    #[should_panic(expected = "expected sums of shape [2, 1, 2, 2], the shape of one step")]
    fn sums_of_one_sample_are_not_those_of_a_batch() {
        let pool = SpikingMaxPool2dConfig::new(MaxPool2dConfig::new([1, 2])).init();
        let device = Device::default();
        pool.forward(
            Tensor::ones([3, 2, 1, 2, 2], &device),
            Some(Tensor::ones([1, 1, 2, 2], &device)),
        );
    }
}
