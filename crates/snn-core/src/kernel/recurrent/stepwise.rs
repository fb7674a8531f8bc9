//! Recurrent sequences on GPUs: a matrix product and one step of the neurons, launched in turn.

use burn::backend::TensorMetadata;
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn_cubecl::CubeBackend;

use super::super::backend::{Keep, NOTHING, SequenceBackend};
use super::super::program::{Program, SEGMENT, Wanted};
use super::backend::{Kept, RecurrentBackend};

type B = CubeBackend;
type Rows = FloatTensor<B>;

impl RecurrentBackend for CubeBackend {
    fn recurrent_forward(
        x: Rows,
        state: Rows,
        coefficients: Rows,
        weight: Rows,
        bias: Rows,
        program: Program,
        keep: Keep,
    ) -> Kept<B> {
        let steps = x.shape()[0];
        let (mut outputs, mut inputs, mut checkpoints) = (vec![], vec![], vec![]);
        let (mut membranes, mut currents) = (vec![], vec![]);
        let mut current = rows(&state, 2, 1);
        let mut state = rows(&state, 0, 2);
        for t in 0..steps {
            if keep.checkpoints && t % SEGMENT == 0 {
                checkpoints.push(state.clone());
            }
            let input = B::float_add(rows(&x, t, 1), current.clone());
            let (z, next) = B::linear(input.clone(), state, coefficients.clone(), program.clone());
            state = next;
            if keep.checkpoints {
                inputs.push(input);
            }
            outputs.push(z.clone());
            if keep.states {
                membranes.push(rows(&state, 0, 1));
                currents.push(rows(&state, 1, 1));
            }
            if t + 1 < steps {
                let product = B::float_matmul(by_neuron(z, &weight), weight.clone());
                current = flat(B::float_add(product, bias.clone()));
            }
        }
        let last = B::float_cat(vec![state, rows(&outputs[steps - 1], 0, 1)], 0);
        let kept = |steps: Vec<Rows>, kept: bool| match kept {
            true => B::float_cat(steps, 0),
            false => zeros(NOTHING, &last),
        };
        (
            kept(outputs, true),
            last.clone(),
            kept(membranes, keep.states),
            kept(currents, keep.states),
            kept(checkpoints, keep.checkpoints),
            kept(inputs, keep.checkpoints),
        )
    }

    fn recurrent_backward(
        inputs: Rows,
        coefficients: Rows,
        weight: Rows,
        checkpoints: Rows,
        grad: Rows,
        program: Program,
        wanted: Wanted,
    ) -> (Rows, Rows, Rows) {
        let steps = inputs.shape()[0];
        let back = B::float_transpose(weight.clone());
        let zero = |number: usize| zeros([number, inputs.shape()[1]], &inputs);
        let (mut g_output, mut flow) = match wanted {
            Wanted::Last => (rows(&grad, 2, 1), rows(&grad, 0, 2)),
            _ => (zero(1), zero(2)),
        };
        let (mut g_inputs, mut g_coefficients) = (vec![], None);
        for segment in (0..steps.div_ceil(SEGMENT)).rev() {
            let first = segment * SEGMENT;
            let length = SEGMENT.min(steps - first);
            let start = rows(&checkpoints, 2 * segment, 2);
            // The inputs hold what came back, so that the segment runs again without the connection.
            let (_, membranes, currents) = B::linear_recorded(
                rows(&inputs, first, length),
                start.clone(),
                coefficients.clone(),
                program.clone(),
            );
            for t in (first..first + length).rev() {
                let before = match t - first {
                    0 => start.clone(),
                    k => {
                        B::float_cat(vec![rows(&membranes, k - 1, 1), rows(&currents, k - 1, 1)], 0)
                    }
                };
                match wanted {
                    Wanted::Output => g_output = B::float_add(g_output, rows(&grad, t, 1)),
                    Wanted::Membranes => {
                        flow =
                            B::float_add(flow, B::float_cat(vec![rows(&grad, t, 1), zero(1)], 0));
                    }
                    Wanted::Currents => {
                        flow =
                            B::float_add(flow, B::float_cat(vec![zero(1), rows(&grad, t, 1)], 0));
                    }
                    _ => {}
                }
                let (g_input, g_before, g_c) = B::linear_backward(
                    rows(&inputs, t, 1),
                    coefficients.clone(),
                    before,
                    B::float_cat(vec![g_output, flow], 0),
                    program.clone(),
                    Wanted::Step,
                );
                flow = g_before;
                g_output = flat(B::float_matmul(by_neuron(g_input.clone(), &weight), back.clone()));
                g_inputs.push(g_input);
                g_coefficients = Some(match g_coefficients {
                    Some(sum) => B::float_add(sum, g_c),
                    None => g_c,
                });
            }
        }
        let first_current = g_inputs[steps - 1].clone();
        g_inputs.reverse();
        let g_state = B::float_cat(vec![flow, first_current], 0);
        (B::float_cat(g_inputs, 0), g_state, g_coefficients.unwrap_or_else(|| zero(1)))
    }
}

/// Some rows of `[R, W]`.
fn rows(tensor: &Rows, first: usize, number: usize) -> Rows {
    let width = tensor.shape()[1];
    B::float_slice(tensor.clone(), &[(first..first + number).into(), (0..width).into()])
}

/// `[1, B·N]` as `[B, N]`.
fn by_neuron(row: Rows, weight: &Rows) -> Rows {
    let (width, size) = (row.shape()[1], weight.shape()[0]);
    B::float_reshape(row, [width / size, size].into())
}

/// `[B, N]` as `[1, B·N]`.
fn flat(rows: Rows) -> Rows {
    let width = rows.shape().num_elements();
    B::float_reshape(rows, [1, width].into())
}

fn zeros(shape: [usize; 2], like: &Rows) -> Rows {
    B::float_zeros(shape.into(), &like.device(), like.dtype().into())
}
