//! The size of a camera's sensor.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Columns;

/// Pixels of a camera's sensor, and kinds of events: brighter and darker, or one of them only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SensorSize {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Channels of polarity, 2 or 1.
    pub polarities: u8,
}

impl SensorSize {
    /// A sensor with both polarities.
    pub fn new(width: u32, height: u32) -> Self {
        Self { width, height, polarities: 2 }
    }

    /// The smallest sensor that contains all events.
    pub(crate) fn smallest(columns: &Columns) -> Self {
        let size = |values: &[u16]| values.iter().max().map_or(0, |max| u32::from(*max) + 1);
        Self::new(size(&columns.x), size(&columns.y))
    }

    /// The same sensor with one channel for both polarities.
    pub fn merged(self) -> Self {
        Self { polarities: 1, ..self }
    }

    /// Whether it has the pixel.
    pub fn contains(self, x: u16, y: u16) -> bool {
        u32::from(x) < self.width && u32::from(y) < self.height
    }

    /// Number of pixels.
    pub fn pixels(self) -> usize {
        self.width as usize * self.height as usize
    }

    /// The channel of a polarity: with one channel, the same for both.
    pub fn channel(self, p: bool) -> usize {
        usize::from(p && self.polarities > 1)
    }
}

impl fmt::Display for SensorSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x {}", self.width, self.height)
    }
}
