//! The kernels on GPUs, through CubeCL: WGSL, SPIR-V, Metal, CUDA.

mod kernels;
mod traced;

use burn::backend::TensorMetadata;
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use super::backend::{Keep, Kept, NOTHING, SequenceBackend, checkpoint_rows};
use super::program::{COEFFICIENTS, Program, Wanted};
use kernels::{Compiled, backward_kernel, forward_kernel};

/// Threads that keep a large GPU busy: only a layer with more columns is given to them as vectors.
const THREADS: usize = 1 << 16;

impl SequenceBackend for CubeBackend {
    fn linear_forward(
        x: FloatTensor<Self>,
        state: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        program: Program,
        keep: Keep,
    ) -> Kept<Self> {
        let launch = Launch::new(x, coefficients, &program);
        let Launch { x, coefficients, steps, columns, .. } = launch.clone();
        let state = into_contiguous(state);
        let rows =
            |rows: usize, kept: bool| launch.empty(if kept { [rows, columns] } else { NOTHING });
        let output = rows(keep.outputs.rows(steps), true);
        let last = rows(2, true);
        let (membranes, currents) = (rows(steps, keep.states), rows(steps, keep.states));
        let checkpoints = rows(checkpoint_rows(steps), keep.checkpoints);
        let (client, count, dim) = launch.threads();
        forward_kernel::launch(
            &client,
            count,
            dim,
            launch.vector,
            x.into_tensor_arg(),
            state.into_tensor_arg(),
            coefficients.into_tensor_arg(),
            output.clone().into_tensor_arg(),
            membranes.clone().into_tensor_arg(),
            currents.clone().into_tensor_arg(),
            last.clone().into_tensor_arg(),
            checkpoints.clone().into_tensor_arg(),
            steps as u32,
            launch.vectors(columns),
            launch.vectors(launch.period),
            Compiled::from(&program),
            keep,
        );
        (output, last, membranes, currents, checkpoints)
    }

    fn linear_backward(
        x: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        checkpoints: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        program: Program,
        wanted: Wanted,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let launch = Launch::new(x, coefficients, &program);
        let Launch { x, coefficients, steps, columns, .. } = launch.clone();
        let grad = into_contiguous(grad);
        let g_x = launch.empty([steps, columns]);
        let g_state = launch.empty([2, columns]);
        let g_coefficients = launch.empty([COEFFICIENTS, columns]);
        let (client, count, dim) = launch.threads();
        backward_kernel::launch(
            &client,
            count,
            dim,
            launch.vector,
            x.into_tensor_arg(),
            coefficients.into_tensor_arg(),
            checkpoints.into_tensor_arg(),
            grad.into_tensor_arg(),
            g_x.clone().into_tensor_arg(),
            g_state.clone().into_tensor_arg(),
            g_coefficients.clone().into_tensor_arg(),
            steps as u32,
            launch.vectors(columns),
            launch.vectors(launch.period),
            Compiled::from(&program),
            wanted,
        );
        (g_x, g_state, g_coefficients)
    }
}

/// What both kernels start from.
#[derive(Clone)]
struct Launch {
    x: CubeTensor,
    /// `[4, period]`
    coefficients: CubeTensor,
    /// After how many columns the coefficients repeat.
    period: usize,
    steps: usize,
    columns: usize,
    /// Columns of a thread.
    vector: usize,
}

impl Launch {
    fn new(x: CubeTensor, coefficients: CubeTensor, program: &Program) -> Self {
        let shape = x.shape();
        let (steps, columns, n) = (shape[0], shape[1], coefficients.shape()[1]);
        // Whole rows of neurons, or one neuron for all.
        let row = if n == 1 { columns } else { n * program.inner };
        let vector = match row % 4 == 0 && columns / 4 >= THREADS {
            true => 4,
            false => 1,
        };
        let repeats = if n == 1 { vector } else { program.inner };
        let coefficients = CubeBackend::float_reshape(coefficients, [COEFFICIENTS, n, 1].into());
        let coefficients =
            CubeBackend::float_expand(coefficients, [COEFFICIENTS, n, repeats].into());
        Self {
            x: into_contiguous(x),
            coefficients: into_contiguous(coefficients),
            period: n * repeats,
            steps,
            columns,
            vector,
        }
    }

    fn empty(&self, shape: [usize; 2]) -> CubeTensor {
        let x = &self.x;
        empty_device_contiguous_dtype(x.client.clone(), x.device.clone(), shape.into(), x.dtype)
    }

    fn vectors(&self, columns: usize) -> u32 {
        (columns / self.vector) as u32
    }

    fn threads(&self) -> (Client, CubeCount, CubeDim) {
        let client = self.x.client.clone();
        let number = self.columns / self.vector;
        let dim = CubeDim::new(&client, number);
        let count = calculate_cube_count_elemwise(&client, number, dim);
        (client, count, dim)
    }
}
