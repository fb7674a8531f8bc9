//! The recurrent kernels on the CPU backends: their tensors as slices.

use burn::backend::TensorMetadata;
use burn::backend::tensor::FloatTensor;

use super::super::backend::{Keep, checkpoint_rows};
use super::super::cpu::Input;
use super::super::program::{COEFFICIENTS, Program, Wanted};
use super::super::slices::Slices;
use super::backend::{Kept, RecurrentBackend};
use super::cpu;
use super::product::Connection;

impl<B: Slices> RecurrentBackend for B {
    fn recurrent_forward(
        x: FloatTensor<B>,
        state: FloatTensor<B>,
        coefficients: FloatTensor<B>,
        weight: FloatTensor<B>,
        bias: FloatTensor<B>,
        program: Program,
        keep: Keep,
    ) -> Kept<B> {
        let shape = x.shape();
        let (steps, columns) = (shape[0], shape[1]);
        let (out, inputs) = B::with(x, |x| {
            B::with(state, |state| {
                B::with(coefficients, |coefficients| {
                    B::with(weight, |weight| {
                        B::with(bias, |bias| {
                            let input = Input { x, coefficients, steps, columns };
                            let connection = Connection { weight, bias };
                            cpu::forward(&program, &input, state, &connection, keep)
                        })
                    })
                })
            })
        });
        let rows = |rows: usize, kept: bool| [if kept { rows } else { 0 }, columns];
        (
            B::tensor(out.output, &[steps, columns]),
            B::tensor(out.last, &[3, columns]),
            B::tensor(out.membranes, &rows(steps, keep.states)),
            B::tensor(out.currents, &rows(steps, keep.states)),
            B::tensor(out.checkpoints, &rows(checkpoint_rows(steps), keep.checkpoints)),
            B::tensor(inputs, &rows(steps, keep.checkpoints)),
        )
    }

    fn recurrent_backward(
        inputs: FloatTensor<B>,
        coefficients: FloatTensor<B>,
        weight: FloatTensor<B>,
        checkpoints: FloatTensor<B>,
        grad: FloatTensor<B>,
        program: Program,
        wanted: Wanted,
    ) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
        let shape = inputs.shape();
        let (steps, columns) = (shape[0], shape[1]);
        let out = B::with(inputs, |x| {
            B::with(coefficients, |coefficients| {
                B::with(weight, |weight| {
                    B::with(checkpoints, |checkpoints| {
                        B::with(grad, |grad| {
                            let input = Input { x, coefficients, steps, columns };
                            cpu::backward(&program, &input, weight, checkpoints, wanted, grad)
                        })
                    })
                })
            })
        });
        (
            B::tensor(out.x, &[steps, columns]),
            B::tensor(out.state, &[3, columns]),
            B::tensor(out.coefficients, &[COEFFICIENTS, columns]),
        )
    }
}
