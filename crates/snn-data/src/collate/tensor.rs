//! Batches as tensors on a device.

use burn::tensor::{Device, Element, Int, Tensor, TensorData};

use super::{Padded, PaddedBits, PaddedShape};

impl<T: Element> Padded<T> {
    /// The values as a float tensor, `[T, B, P, H, W]` or `[B, T, P, H, W]`.
    pub fn into_tensor(self, device: &Device) -> Tensor<5> {
        Tensor::from_data(TensorData::new(self.values, self.shape.dims()), device)
    }
}

impl PaddedBits {
    /// The spikes as a float tensor of zeros and ones, `[T, B, P, H, W]` or `[B, T, P, H, W]`. The bits
    /// go to the device, and become numbers there.
    pub fn into_tensor(self, device: &Device) -> Tensor<5> {
        const BITS: usize = u32::BITS as usize;
        let dims = self.shape.dims();
        let (len, words) = (dims.iter().product::<usize>(), self.words.len());
        // Of the same bits. The sign comes down with a shift, but not into the lowest bit.
        let bits: Vec<i32> = self.words.into_iter().map(u32::cast_signed).collect();
        let bits = Tensor::<2, Int>::from_data(TensorData::new(bits, [words, 1]), device);
        let shifts = Tensor::<1, Int>::arange(0..BITS as i64, device).reshape([1, BITS]);
        let spikes = bits
            .expand([words, BITS])
            .bitwise_right_shift(shifts.expand([words, BITS]))
            .bitwise_and_scalar(1)
            .float()
            .reshape([words * BITS]);
        let spikes = if words * BITS == len { spikes } else { spikes.narrow(0, 0, len) };
        spikes.reshape(dims)
    }
}

impl PaddedShape {
    /// Number of frames of each recording, `[B]`.
    pub fn lengths_tensor(&self, device: &Device) -> Tensor<1, Int> {
        labels_tensor(&self.lengths, device)
    }

    /// 1 at the steps of a recording, 0 where it is padded, `[T, B]` or `[B, T]`; a column, or row, of
    /// zeros for an empty recording.
    pub fn mask_tensor(&self, device: &Device) -> Tensor<2> {
        let mask: Vec<f32> = self.mask().into_iter().map(|of| f32::from(u8::from(of))).collect();
        Tensor::from_data(TensorData::new(mask, self.mask_dims()), device)
    }
}

/// Labels of a batch, `[B]`, from 0 to the number of classes less one.
pub fn labels_tensor(labels: &[usize], device: &Device) -> Tensor<1, Int> {
    let labels: Vec<i64> = labels.iter().map(|label| *label as i64).collect();
    let len = labels.len();
    Tensor::from_data(TensorData::new(labels, [len]), device)
}

#[cfg(test)]
mod tests {
    use super::super::{Layout, pad, pad_bits};
    use super::*;
    use crate::frame::Frames;

    #[test]
    fn bits_on_the_device_are_the_padded_values() {
        let device = Device::default();
        // 3 * 2 * 35 bits: the last word is not full, and bit 31 of some word is set.
        let frames = |len: usize, every: usize| {
            let values = (0..len * 35).map(|n| u8::from(n % every == 0)).collect();
            Frames { shape: [len, 1, 5, 7], values }
        };
        let samples = [frames(3, 1), frames(2, 3)];
        for layout in [Layout::TimeFirst, Layout::BatchFirst] {
            let expected = pad(&samples, layout).unwrap();
            let bits = pad_bits(&samples, layout).unwrap();
            assert_eq!(bits.words[0], u32::MAX);
            let dims = expected.shape.dims();
            let [dense, unpacked] =
                [expected.into_tensor(&device), bits.into_tensor(&device)].map(|tensor| {
                    assert_eq!(tensor.dims(), dims);
                    tensor.into_data_as::<f32>().try_into_vec::<f32>().unwrap()
                });
            assert_eq!(dense, unpacked);
            assert_eq!(dense.iter().sum::<f32>(), (105 + 70usize.div_ceil(3)) as f32);
        }
    }

    #[test]
    fn lengths_mask_and_labels() {
        let device = Device::default();
        let layout = Layout::TimeFirst;
        let shape = PaddedShape { layout, lengths: vec![2, 1], frame: [1, 1, 1] };
        let ints = |tensor: Tensor<1, Int>| tensor.into_data_as::<i64>().try_into_vec::<i64>();
        assert_eq!(ints(shape.lengths_tensor(&device)).unwrap(), [2, 1]);
        assert_eq!(ints(labels_tensor(&[3, 0], &device)).unwrap(), [3, 0]);
        let mask = shape.mask_tensor(&device);
        assert_eq!(mask.dims(), [2, 2]);
        let mask = mask.into_data_as::<f32>().try_into_vec::<f32>().unwrap();
        assert_eq!(mask, [1.0, 1.0, 1.0, 0.0]);
    }
}
