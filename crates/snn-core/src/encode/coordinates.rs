//! Coordinates in the unit interval to spike times, for data sets such as Yin-Yang.

use burn::config::Config;
use burn::tensor::{Device, Tensor, TensorData};

use super::EncodeError;
use crate::error::{check, positive};

/// One spike for each coordinate `c` in `[0, 1]`, at `t_early + c (t_late - t_early)`, and one at
/// `t_bias` on a channel of its own, the last. All times are in one unit, that of `dt`.
///
/// Indices are those of hxtorch's `CoordinatesToSpikes`: `round(t / dt)`, halves to even, for
/// coordinates, and `trunc(t_bias / dt)` for the bias. Unlike there, a time outside the sequence is
/// an error, not a lost spike.
#[derive(Config, Debug, PartialEq)]
pub struct CoordinatesToSpikes {
    /// Number of steps `T`.
    pub steps: usize,
    /// Length of a step.
    pub dt: f64,
    /// Time of the spike of a coordinate of 0.
    pub t_early: f64,
    /// Time of the spike of a coordinate of 1.
    pub t_late: f64,
    /// Time of the spike of the bias channel, if there is to be one.
    #[config(default = "None")]
    pub t_bias: Option<f64>,
}

impl CoordinatesToSpikes {
    /// Spikes `[T, B, C]`, or `[T, B, C + 1]` with a bias, from coordinates `[B, C]` of any float
    /// type.
    ///
    /// ```
    /// use burn::tensor::{Device, TensorData};
    /// use snn_core::encode::CoordinatesToSpikes;
    ///
    /// let encoder = CoordinatesToSpikes::new(30, 2.0, 2.0, 40.0).with_t_bias(Some(18.0));
    /// let coordinates = TensorData::new(vec![0.0, 0.5, 1.0, 0.26], [1, 4]);
    /// let spikes = encoder.encode(coordinates, &Device::default())?;
    /// assert_eq!(spikes.dims(), [30, 1, 5]);
    /// # Ok::<(), snn_core::encode::EncodeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A coordinate outside `[0, 1]`, a time outside the sequence, a `dt` that is not positive,
    /// coordinates that are not `[B, C]`.
    pub fn encode(
        &self,
        coordinates: TensorData,
        device: &Device,
    ) -> Result<Tensor<3>, EncodeError> {
        let shape = coordinates.shape().to_vec();
        let &[batch, channels] = shape.as_slice() else {
            return Err(EncodeError::Shape { expected: "[B, C]", shape });
        };
        positive("dt", self.dt)?;
        let bias = self.t_bias.map(|t| self.index("t_bias", t, f64::trunc)).transpose()?;
        let width = channels + bias.iter().len();
        let mut spikes = vec![0.0f32; self.steps * batch * width];
        for (at, c) in coordinates.iter::<f64>().enumerate() {
            if !(0.0..=1.0).contains(&c) {
                let expected = "a number from 0 to 1";
                return Err(EncodeError::Value { index: at, expected, value: c });
            }
            let time = self.t_early + c * (self.t_late - self.t_early);
            let step = self.index("spike time", time, f64::round_ties_even)?;
            spikes[(step * batch + at / channels) * width + at % channels] = 1.0;
        }
        if let Some(step) = bias {
            for sample in 0..batch {
                spikes[(step * batch + sample + 1) * width - 1] = 1.0;
            }
        }
        Ok(Tensor::from_data(TensorData::new(spikes, [self.steps, batch, width]), device))
    }

    fn index(
        &self,
        name: &'static str,
        time: f64,
        round: fn(f64) -> f64,
    ) -> Result<usize, EncodeError> {
        // 2.1e-5 / 2e-6 is a hair above 10.5: times on a half or a whole step must stay there, or
        // the unit of time would decide where they are rounded to.
        let steps = time / self.dt;
        let halves = (2.0 * steps).round() / 2.0;
        let exact = (steps - halves).abs() <= 1e-9 * halves.abs();
        let index = round(if exact { halves } else { steps });
        check(name, time, "a time within the sequence", index >= 0.0 && index < self.steps as f64)?;
        Ok(index as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoder() -> CoordinatesToSpikes {
        CoordinatesToSpikes::new(30, 2e-6, 2e-6, 40e-6).with_t_bias(Some(18e-6))
    }

    fn encode(
        encoder: &CoordinatesToSpikes,
        c: Vec<f64>,
        shape: [usize; 2],
    ) -> Result<Vec<[usize; 3]>, EncodeError> {
        let spikes = encoder.encode(TensorData::new(c, shape), &Device::default())?;
        let [_, batch, width] = spikes.dims();
        let spikes = spikes.into_data().try_to_vec::<f32>().unwrap();
        let set = spikes.iter().enumerate().filter(|(_, z)| **z == 1.0).map(|(k, _)| k);
        Ok(set.map(|k| [k / (batch * width), k / width % batch, k % width]).collect())
    }

    #[test]
    fn indices_are_those_of_the_reference_example() {
        let spikes = encode(&encoder(), vec![0.0, 0.5, 1.0, 0.26], [1, 4]).unwrap();
        assert_eq!(spikes, [[1, 0, 0], [6, 0, 3], [9, 0, 4], [10, 0, 1], [20, 0, 2]]);
    }

    #[test]
    fn each_sample_has_its_own_spikes_and_the_bias_can_be_left_out() {
        let plain = encoder().with_t_bias(None);
        let spikes = encode(&plain, vec![0.0, 1.0, 1.0, 0.0], [2, 2]).unwrap();
        assert_eq!(spikes, [[1, 0, 0], [1, 1, 1], [20, 0, 1], [20, 1, 0]]);
    }

    #[test]
    fn what_cannot_be_encoded_says_why() {
        let message = |encoder: CoordinatesToSpikes, c: f64| {
            encode(&encoder, vec![0.5, c], [1, 2]).unwrap_err().to_string()
        };
        assert_eq!(message(encoder(), 1.25), "value 1: expected a number from 0 to 1, got 1.25");
        assert!(message(encoder(), f64::NAN).contains("got NaN"));
        let short = CoordinatesToSpikes { steps: 20, ..encoder() };
        assert_eq!(
            message(short, 1.0),
            "spike time: expected a time within the sequence, got 0.00004"
        );
        let late = encoder().with_t_bias(Some(1.0));
        assert_eq!(message(late, 0.5), "t_bias: expected a time within the sequence, got 1");
        let flat = encoder().encode(TensorData::new(vec![0.5], [1]), &Device::default());
        assert_eq!(flat.unwrap_err().to_string(), "expected values of shape [B, C], got [1]");
    }
}
