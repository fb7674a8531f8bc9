//! The recurrent kernels on the CPU backends: their tensors as slices.

use burn::backend::TensorMetadata;
use burn::backend::tensor::FloatTensor;

use super::super::backend::Forward;
use super::super::cpu::Input;
use super::super::program::{COEFFICIENTS, Program, SEGMENT};
use super::super::slices::Slices;
use super::backend::{Given, RecurrentBackend, RecurrentKernels, Saved};
use super::cpu;
use super::product::Connection;

impl<B: Slices> RecurrentBackend for B {
    fn recurrent(
        x: FloatTensor<B>,
        state: FloatTensor<B>,
        coefficients: FloatTensor<B>,
        weight: FloatTensor<B>,
        bias: FloatTensor<B>,
        program: Program,
    ) -> (FloatTensor<B>, FloatTensor<B>) {
        let given = Given { x, state, coefficients, weight, bias };
        let (forward, _) = B::recurrent_forward(given, &program, false, false);
        (forward.output, forward.last)
    }

    fn recurrent_recorded(
        x: FloatTensor<B>,
        state: FloatTensor<B>,
        coefficients: FloatTensor<B>,
        weight: FloatTensor<B>,
        bias: FloatTensor<B>,
        program: Program,
    ) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
        let given = Given { x, state, coefficients, weight, bias };
        let (forward, _) = B::recurrent_forward(given, &program, true, false);
        (forward.output, forward.membranes, forward.currents)
    }
}

impl<B: Slices> RecurrentKernels for B {
    fn recurrent_forward(
        given: Given<B>,
        program: &Program,
        record: bool,
        train: bool,
    ) -> (Forward<B>, FloatTensor<B>) {
        let Given { x, state, coefficients, weight, bias } = given;
        let shape = x.shape();
        let (steps, columns) = (shape[0], shape[1]);
        let (out, inputs) = B::with(x, |x| {
            B::with(state, |state| {
                B::with(coefficients, |coefficients| {
                    B::with(weight, |weight| {
                        B::with(bias, |bias| {
                            let input = Input { x, state, coefficients, steps, columns };
                            cpu::forward(
                                program,
                                &input,
                                &Connection { weight, bias },
                                record,
                                train,
                            )
                        })
                    })
                })
            })
        });
        let rows = |rows: usize, asked: bool| [if asked { rows } else { 0 }, columns];
        let forward = Forward {
            output: B::tensor(out.output, &[steps, columns]),
            membranes: B::tensor(out.membranes, &rows(steps, record)),
            currents: B::tensor(out.currents, &rows(steps, record)),
            last: B::tensor(out.last, &[3, columns]),
            checkpoints: B::tensor(out.checkpoints, &rows(2 * steps.div_ceil(SEGMENT), train)),
        };
        (forward, B::tensor(inputs, &rows(steps, train)))
    }

    fn recurrent_backward(saved: Saved<B>, grad: FloatTensor<B>) -> [FloatTensor<B>; 3] {
        let Saved { inputs, coefficients, weight, checkpoints, program, wanted, .. } = saved;
        let shape = inputs.shape();
        let (steps, columns) = (shape[0], shape[1]);
        let out = B::with(inputs, |x| {
            B::with(coefficients, |coefficients| {
                B::with(weight, |weight| {
                    B::with(checkpoints, |checkpoints| {
                        B::with(grad, |grad| {
                            let input = Input { x, state: &[], coefficients, steps, columns };
                            cpu::backward(&program, &input, weight, checkpoints, wanted, grad)
                        })
                    })
                })
            })
        });
        [
            B::tensor(out.x, &[steps, columns]),
            B::tensor(out.state, &[3, columns]),
            B::tensor(out.coefficients, &[COEFFICIENTS, columns]),
        ]
    }
}
