//! What goes from layer to layer.
//!
//! The rank of a tensor is part of its type, but changes from layer to layer. Here it is 4 for all,
//! and the shape of a sample is kept beside it.

use burn::tensor::Tensor;

/// All steps of all samples.
#[derive(Debug, Clone)]
pub(crate) struct Activation {
    /// `[T * B, C, H, W]`, or `[T * B, N, 1, 1]`, or `[B, ...]` as long as nothing has changed over
    /// time.
    rows: Tensor<4>,
    /// Shape of a sample, `[N]` or `[C, H, W]` usually.
    sample: Vec<usize>,
    batch: usize,
    /// Number of steps `T`.
    steps: usize,
    /// Whether `rows` is one step that stands for all.
    constant: bool,
}

impl Activation {
    /// From `[T, B, ...]`.
    pub(super) fn sequence<const D: usize>(x: Tensor<D>) -> Self {
        const { assert!(D >= 2, "a sequence has the axes [T, B, ...]") };
        let dims = x.dims();
        Self::new(x, dims[0], dims[1], dims[2..].to_vec())
    }

    /// From `[B, ...]`.
    pub(crate) fn step<const D: usize>(x: Tensor<D>) -> Self {
        const { assert!(D >= 1, "a step has the axes [B, ...]") };
        let dims = x.dims();
        Self::new(x, 1, dims[0], dims[1..].to_vec())
    }

    /// From `[B, ...]`, at every step the same.
    pub(crate) fn constant<const D: usize>(x: Tensor<D>, steps: usize) -> Self {
        Self { steps, constant: true, ..Self::step(x) }
    }

    fn new<const D: usize>(x: Tensor<D>, steps: usize, batch: usize, sample: Vec<usize>) -> Self {
        let [c, h, w] = maps(&sample);
        Self { rows: x.reshape([steps * batch, c, h, w]), sample, batch, steps, constant: false }
    }

    /// The shape of a sample.
    pub(crate) fn sample(&self) -> &[usize] {
        &self.sample
    }

    /// `[T * B, C, H, W]`, or `[B, ...]` as long as nothing has changed over time.
    pub(crate) fn rows(&self) -> &Tensor<4> {
        &self.rows
    }

    /// `Σ_t |x|`, `[B, N]`; of what is not `signed` without a look at signs.
    pub(crate) fn magnitude_over_time(&self, signed: bool) -> Tensor<2> {
        let features = self.sample.iter().product();
        let rows = self.rows.clone();
        let rows = if signed { rows.abs() } else { rows };
        match self.constant {
            true => rows.reshape([self.batch, features]) * self.steps as f64,
            false => {
                rows.reshape([self.steps, self.batch, features]).sum_dim(0).squeeze_dim::<2>(0)
            }
        }
    }

    pub(crate) fn steps(&self) -> usize {
        self.steps
    }

    /// The shape of one step, `[B, C, H, W]`.
    pub(super) fn step_dims(&self) -> [usize; 4] {
        let [c, h, w] = maps(&self.sample);
        [self.batch, c, h, w]
    }

    /// With every step there.
    pub(super) fn expanded(self) -> Self {
        match self.constant {
            true => Self { rows: self.rows.repeat_dim(0, self.steps), constant: false, ..self },
            false => self,
        }
    }

    /// Runs a layer over all steps and samples at once; it returns samples of shape `sample`, with the
    /// axes that it likes.
    pub(super) fn map<const D: usize>(
        self,
        sample: Vec<usize>,
        layer: impl FnOnce(Tensor<4>) -> Tensor<D>,
    ) -> Self {
        let [c, h, w] = maps(&sample);
        let rows = self.rows.dims()[0];
        Self { rows: layer(self.rows).reshape([rows, c, h, w]), sample, ..self }
    }

    /// Runs a layer that keeps the shape and looks at time, `[T, B, C, H, W]`; `T` is 1 as long as
    /// nothing has changed over time.
    pub(super) fn map_over_time(self, layer: impl FnOnce(Tensor<5>) -> Tensor<5>) -> Self {
        let [rows, c, h, w] = self.rows.dims();
        let steps = if self.constant { 1 } else { self.steps };
        let x = self.rows.reshape([steps, self.batch, c, h, w]);
        Self { rows: layer(x).reshape([rows, c, h, w]), ..self }
    }

    /// As `[T, B, ...]`.
    pub(super) fn into_sequence<const D: usize>(self) -> Tensor<D> {
        let x = self.expanded();
        let shape = shape(&[x.steps, x.batch], &x.sample);
        x.rows.reshape(shape)
    }

    /// The only step, as `[B, ...]`.
    pub(super) fn into_step<const D: usize>(self) -> Tensor<D> {
        let shape = shape(&[self.batch], &self.sample);
        self.rows.reshape(shape)
    }

    /// As `[T, B, N]` or `[T, B, C, H, W]` for neurons.
    pub(super) fn for_neurons<const D: usize>(&self) -> Tensor<D> {
        let [batch, c, h, w] = self.step_dims();
        let mut shape = [1; D];
        shape.copy_from_slice(&[self.steps, batch, c, h, w][..D]);
        self.rows.clone().reshape(shape)
    }

    /// The same with other values.
    pub(super) fn with<const D: usize>(&self, values: Tensor<D>) -> Self {
        let rows = values.reshape(self.rows.dims());
        Self { rows, sample: self.sample.clone(), ..*self }
    }
}

/// Any shape as maps: a vector has one pixel, further axes are part of the width.
fn maps(sample: &[usize]) -> [usize; 3] {
    let size = |axis: usize| sample.get(axis).copied().unwrap_or(1);
    [size(0), size(1), sample.iter().skip(2).product()]
}

/// `first` and `sample` as the shape of a tensor of rank `D`.
///
/// # Panics
///
/// If it has another rank.
pub(super) fn shape<const D: usize>(first: &[usize], sample: &[usize]) -> [usize; D] {
    let shape = [first, sample].concat();
    shape.as_slice().try_into().unwrap_or_else(|_| {
        panic!(
            "asked for a tensor of rank {D}, but the shape is {shape:?}, of rank {}",
            shape.len()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn samples_of_any_rank_come_out_as_they_went_in() {
        let device = Device::default();
        assert_eq!(maps(&[]), [1, 1, 1]);
        assert_eq!(maps(&[5]), [5, 1, 1]);
        assert_eq!(maps(&[2, 3]), [2, 3, 1]);
        assert_eq!(maps(&[2, 3, 4, 5]), [2, 3, 20]);
        let x = Tensor::<6>::ones([2, 3, 4, 5, 6, 7], &device);
        assert_eq!(Activation::sequence(x).into_sequence::<6>().dims(), [2, 3, 4, 5, 6, 7]);
        let x = Activation::constant(Tensor::<2>::ones([3, 4], &device), 5);
        assert_eq!(x.into_sequence::<3>().dims(), [5, 3, 4]);
    }

    #[test]
    fn a_constant_is_repeated_where_every_step_is_needed_and_not_before() {
        let x = Activation::constant(Tensor::<2>::ones([3, 4], &Device::default()), 5);
        let seen = |expected: usize| {
            move |x: Tensor<4>| {
                assert_eq!(x.dims(), [expected, 4, 1, 1]);
                x
            }
        };
        let x = x.map(vec![4], seen(3)).map_over_time(|x| {
            assert_eq!(x.dims(), [1, 3, 4, 1, 1]);
            x
        });
        x.expanded().map(vec![4], seen(15));
    }

    #[test]
    #[should_panic(
        expected = "asked for a tensor of rank 2, but the shape is [2, 3, 4], of rank 3"
    )]
    fn another_rank_is_refused() {
        let x = Tensor::<3>::ones([2, 3, 4], &Device::default());
        Activation::sequence(x).into_sequence::<2>();
    }
}
