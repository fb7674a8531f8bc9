//! Five bytes a spike, of SLAYER.

use super::FormatError;
use crate::events::{SensorSize, Spikes};

/// Spikes of as many neurons as a sensor has pixels; of the smallest number without one.
pub(super) fn decode(bytes: &[u8], sensor: Option<SensorSize>) -> Result<Spikes, FormatError> {
    let (words, rest) = bytes.as_chunks::<5>();
    if !rest.is_empty() {
        let problem = format!("the file ends too early, {} bytes into a spike", rest.len());
        return Err(FormatError::new(bytes.len() - rest.len(), problem));
    }
    let unit = |word: &[u8; 5]| u32::from(u16::from_be_bytes([word[0], word[1]]));
    let time = |word: &[u8; 5]| u32::from_be_bytes([0, word[2] & 0x7f, word[3], word[4]]);
    let units: Vec<u32> = words.iter().map(unit).collect();
    let smallest = units.iter().max().map_or(0, |unit| unit + 1);
    let count = sensor.map_or(smallest, |sensor| sensor.width.saturating_mul(sensor.height));
    if let Some(at) = units.iter().position(|unit| *unit >= count) {
        let problem = format!("expected a neuron below {count}, got {}", units[at]);
        return Err(FormatError::new(5 * at, problem));
    }
    let t = words.iter().map(|word| i64::from(time(word))).collect();
    Spikes::new(t, units, count).map_err(|error| FormatError::new(0, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let bytes = [0, 63, 0x80, 0, 10, 1, 0, 0xff, 0xff, 0xff];
        let spikes = decode(&bytes, None).unwrap();
        assert_eq!((spikes.t(), spikes.unit()), (&[10, 0x7f_ffff][..], &[63, 256][..]));
        assert_eq!(spikes.units(), 257);
        assert_eq!(decode(&[], None).unwrap().units(), 0);
        let error = decode(&bytes, Some(SensorSize::new(64, 1))).unwrap_err();
        assert_eq!(error.to_string(), "byte 5: expected a neuron below 64, got 256");
        assert_eq!(decode(&bytes[..8], None).unwrap_err().offset, 5);
    }
}
