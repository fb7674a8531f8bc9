//! DVS-Lip: lips that say one of 100 words.
//!
//! Tan, Wang, Han, Cao, Wu and Zha, *Multi-grained spatio-temporal features perceived network for
//! event-based lip-reading*, CVPR 2022 (<https://sites.google.com/view/event-based-lipreading>). Below
//! the data folder:
//!
//! ```text
//! dvs_lip/DVS-Lip/train/<word>/<number>.npy   dvs_lip/DVS-Lip/test/<word>/<number>.npy
//! ```

use std::path::Path;

use super::files::{EventFiles, Layout, Reading};
use crate::events::SensorSize;
use crate::{DataError, Part};

/// The sensor, after the authors cut the mouth out.
pub const SENSOR: SensorSize = SensorSize { width: 128, height: 128, polarities: 2 };

/// The names of the classes.
#[rustfmt::skip]
pub const CLASSES: [&str; 100] = [
    "accused", "action", "allow", "allowed", "america", "american", "another", "around",
    "attacks", "banks", "become", "being", "benefit", "benefits", "between", "billion",
    "called", "capital", "challenge", "change", "chief", "couple", "court", "death",
    "described", "difference", "different", "during", "economic", "education", "election", "england",
    "evening", "everything", "exactly", "general", "germany", "giving", "ground", "happen",
    "happened", "having", "heavy", "house", "hundreds", "immigration", "judge", "labour",
    "leaders", "legal", "little", "london", "majority", "meeting", "military", "million",
    "minutes", "missing", "needs", "number", "numbers", "paying", "perhaps", "point",
    "potential", "press", "price", "question", "really", "right", "russia", "russian",
    "saying", "security", "several", "should", "significant", "spend", "spent", "started",
    "still", "support", "syria", "syrian", "taken", "taking", "terms", "these",
    "thing", "think", "times", "tomorrow", "under", "warning", "water", "welcome",
    "words", "worst", "years", "young",
];

/// One part of DVS-Lip.
pub type DvsLip = EventFiles<DvsLipReading>;

/// How the recordings are read: as they are.
#[derive(Debug, Clone, Copy)]
pub struct DvsLipReading;

impl DvsLip {
    /// Finds the recordings of a part below the data folder.
    ///
    /// # Errors
    ///
    /// There are none, or one is not in the folder of a word.
    pub fn open(folder: &Path, part: Part) -> Result<Self, DataError> {
        let layout = Layout {
            roots: match part {
                Part::Train => &["dvs_lip/DVS-Lip/train"],
                Part::Test => &["dvs_lip/DVS-Lip/test"],
            },
            extensions: &["npy"],
            expected: "<word>/<number>.npy",
            source: "https://sites.google.com/view/event-based-lipreading",
        };
        let items = layout.items(folder, &CLASSES)?;
        Ok(Self::new(CLASSES, items, Some(SENSOR), DvsLipReading))
    }
}

impl Reading for DvsLipReading {}
