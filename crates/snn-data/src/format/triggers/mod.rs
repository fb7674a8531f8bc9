//! Triggers of recordings, as their own list.

mod aedat4;
mod evt;
#[cfg(test)]
mod tests;

use std::path::Path;

use super::detect::detect;
use super::file::{broken, map};
use super::{Format, FormatError, Options};
use crate::DataError;
use crate::events::Triggers;

/// Formats whose triggers are read.
const FORMATS: [Format; 4] = [Format::Evt2, Format::Evt21, Format::Evt3, Format::Aedat4];

impl Format {
    /// Whether [`decode_triggers`] reads triggers of the format.
    pub fn has_triggers(self) -> bool {
        FORMATS.contains(&self)
    }
}

/// Triggers, and the damage after them if the bytes are broken or end early.
type Decoded = (Triggers, Option<FormatError>);

/// Reads the triggers of a recording, of the format of the options or the one that is detected. The other
/// options are for events.
///
/// Of a file that is broken or ends early, as that of a recorder that was stopped, returns the triggers
/// before the damage, and the damage.
///
/// # Errors
///
/// The file cannot be read, its header is broken, or its format has no triggers, see
/// [`decode_triggers`].
pub fn read_triggers(
    path: impl AsRef<Path>,
    options: &Options,
) -> Result<(Triggers, Option<DataError>), DataError> {
    let path = path.as_ref();
    let bytes = map(path)?;
    let format = detect(path, &bytes, options);
    let decoded = format.and_then(|format| decode_triggers(format.value, &bytes));
    let (triggers, damage) = decoded.map_err(broken(path))?;
    Ok((triggers, damage.map(broken(path))))
}

/// Decodes the triggers of a whole file of EVT 2.0, EVT 2.1, EVT 3.0 or AEDAT 4.0.
///
/// Their times are on the clock of the events, continued where a counter starts again. Triggers of EVT
/// files before the first upper bits of the time are left out, as events are. Of an AEDAT 4.0 file, the
/// stream of triggers with the lowest number is read; a file without such a stream has no triggers. Of
/// bytes that are broken or end early, returns the triggers before the damage, and the damage.
///
/// Sources: <https://docs.prophesee.ai>, EVT 2.0, EVT 2.1 and EVT 3.0 (`EXT_TRIGGER`);
/// <https://docs.inivation.com>, AEDAT 4.0 (`TRIG`).
///
/// ```
/// use snn_data::events::TriggerKind;
/// use snn_data::format::{Format, decode_triggers};
///
/// // EVT 3.0: upper and lower half of the time, then a rising edge at input 1.
/// let words = [0x8001_u16, 0x6388, 0xa101];
/// let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
/// let (triggers, damage) = decode_triggers(Format::Evt3, &bytes)?;
/// assert!(damage.is_none());
/// assert_eq!((triggers.t(), triggers.channel()), (&[4096 + 0x388][..], &[1][..]));
/// assert_eq!(triggers.kind(), [TriggerKind::RisingEdge]);
/// # Ok::<(), snn_data::format::FormatError>(())
/// ```
///
/// # Errors
///
/// The format is none of these, or the header is not that of the format; names the byte.
pub fn decode_triggers(
    format: Format,
    bytes: &[u8],
) -> Result<(Triggers, Option<FormatError>), FormatError> {
    match format {
        Format::Evt2 => evt::decode_evt2(bytes),
        Format::Evt21 => evt::decode_evt21(bytes),
        Format::Evt3 => evt::decode_evt3(bytes),
        Format::Aedat4 => aedat4::decode(bytes),
        _ => {
            let formats = FORMATS.map(|format| format.to_string()).join(", ");
            let problem = format!("expected a format with triggers ({formats}), found {format}");
            Err(FormatError::new(0, problem))
        }
    }
}
