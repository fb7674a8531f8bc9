//! The kernels on the CPU backends: their tensors as slices.

#![allow(deprecated, reason = "the ndarray backend is supported as long as Burn has it")]

use burn::backend::TensorMetadata;
use burn::backend::tensor::FloatTensor;
use burn::tensor::TensorData;

use super::backend::{Keep, Kept, SequenceBackend, checkpoint_rows};
use super::cpu::{self, Input};
use super::program::{COEFFICIENTS, Program, Wanted};

/// A CPU backend.
pub(super) trait Slices: burn::backend::Backend {
    /// A tensor of 32-bit numbers as a slice, row by row.
    fn with<R>(tensor: FloatTensor<Self>, work: impl FnOnce(&[f32]) -> R) -> R;

    /// Takes the numbers, without a copy.
    fn tensor(values: Vec<f32>, shape: &[usize]) -> FloatTensor<Self>;
}

#[cfg(feature = "flex")]
impl Slices for burn::backend::Flex {
    fn with<R>(tensor: FloatTensor<Self>, work: impl FnOnce(&[f32]) -> R) -> R {
        let tensor = tensor.to_contiguous();
        // Empty is what it is if it is not of 32 bits, which the callers have checked.
        work(tensor.as_slice().unwrap_or_default())
    }

    fn tensor(values: Vec<f32>, shape: &[usize]) -> FloatTensor<Self> {
        burn::backend::flex::FlexTensor::from_data(TensorData::new(values, shape.to_vec()))
    }
}

#[cfg(feature = "ndarray")]
impl Slices for burn::backend::NdArray {
    fn with<R>(tensor: FloatTensor<Self>, work: impl FnOnce(&[f32]) -> R) -> R {
        use burn::backend::ndarray::NdArrayTensor;
        match tensor {
            NdArrayTensor::F32(storage) => {
                let array = storage.into_shared();
                match array.as_slice() {
                    Some(values) => work(values),
                    None => work(array.as_standard_layout().as_slice().unwrap_or_default()),
                }
            }
            _ => work(&[]),
        }
    }

    fn tensor(values: Vec<f32>, shape: &[usize]) -> FloatTensor<Self> {
        use burn::backend::ndarray::NdArrayTensor;
        NdArrayTensor::from_data(TensorData::new(values, shape.to_vec()))
    }
}

impl<B: Slices> SequenceBackend for B {
    fn linear_forward(
        x: FloatTensor<B>,
        state: FloatTensor<B>,
        coefficients: FloatTensor<B>,
        program: Program,
        keep: Keep,
    ) -> Kept<B> {
        let shape = x.shape();
        let (steps, columns) = (shape[0], shape[1]);
        let out = B::with(x, |x| {
            B::with(state, |state| {
                B::with(coefficients, |coefficients| {
                    let input = Input { x, coefficients, steps, columns };
                    cpu::forward(&program, &input, state, keep)
                })
            })
        });
        let rows = |rows: usize, kept: bool| [if kept { rows } else { 0 }, columns];
        (
            B::tensor(out.output, &[keep.outputs.rows(steps), columns]),
            B::tensor(out.last, &[2, columns]),
            B::tensor(out.membranes, &rows(steps, keep.states)),
            B::tensor(out.currents, &rows(steps, keep.states)),
            B::tensor(out.checkpoints, &rows(checkpoint_rows(steps), keep.checkpoints)),
        )
    }

    fn linear_backward(
        x: FloatTensor<B>,
        coefficients: FloatTensor<B>,
        checkpoints: FloatTensor<B>,
        grad: FloatTensor<B>,
        program: Program,
        wanted: Wanted,
    ) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
        let shape = x.shape();
        let (steps, columns) = (shape[0], shape[1]);
        let out = B::with(x, |x| {
            B::with(coefficients, |coefficients| {
                B::with(checkpoints, |checkpoints| {
                    B::with(grad, |grad| {
                        let input = Input { x, coefficients, steps, columns };
                        cpu::backward(&program, &input, checkpoints, wanted, grad)
                    })
                })
            })
        });
        (
            B::tensor(out.x, &[steps, columns]),
            B::tensor(out.state, &[2, columns]),
            B::tensor(out.coefficients, &[COEFFICIENTS, columns]),
        )
    }
}
