//! Detection of the format of a file: what its first bytes state, or else its extension, if the first
//! events are plausible in the format that it suggests.

use std::path::Path;

use super::decoder::Feeder;
use super::interpretation::{Basis, Finding};
use super::{Format, FormatError, HDF5, Options, bs1, evt};
use crate::events::Columns;

/// Bytes by which a format is detected.
pub(super) const FIRST: usize = 1 << 13;

/// How to read a file whose format is not detected.
const REMEDY: &str = "choose the format with Options::format";

/// First bytes of formats that have a signature.
const SIGNATURES: [(&[u8], Format); 9] = [
    (b"#!AER-DAT1", Format::Aedat1),
    (b"#!AER-DAT2", Format::Aedat2),
    (b"#!AER-DAT3", Format::Aedat3),
    (b"#!AER-DAT4", Format::Aedat4),
    (b"Event Stream", Format::EventStream),
    (b"\x93NUMPY", Format::Npy),
    (b"PK\x03\x04", Format::Npz),
    (b"MATLAB 5.0", Format::Mat),
    (HDF5, Format::Hdf5),
];

impl Format {
    /// Returns the format of a file by its first bytes (8 KiB are enough), or else by the extension of
    /// its name.
    ///
    /// The extension decides only where it must: for text, and for binary formats without a signature if
    /// the first events are plausible in them, see [`FormatError`].
    ///
    /// # Errors
    ///
    /// The file is empty; its header states a format that is not read; neither signature nor extension is
    /// recognized; or the content does not look like the format that the extension suggests.
    pub fn detect(path: &Path, first: &[u8]) -> Result<Self, FormatError> {
        detect(path, first, &Options::default()).map(|format| format.value)
    }
}

/// [`Format::detect`], with the format of the options first.
pub(super) fn detect(
    path: &Path,
    bytes: &[u8],
    options: &Options,
) -> Result<Finding<Format>, FormatError> {
    let first = &bytes[..bytes.len().min(FIRST)];
    not_empty(first)?;
    if let Some(format) = options.format {
        return Ok(Finding::new(format, Basis::Option));
    }
    if let Some(format) = stated(first)? {
        return Ok(Finding::new(format, Basis::File));
    }
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let extension = extension.to_ascii_lowercase();
    let suggested: &[Format] = match extension.as_str() {
        "bin" => &[Format::AtisBin],
        "bs1" => &[Format::Bs1],
        "bs2" => &[Format::Bs2],
        "bs3" => &[Format::Bs3],
        // Recordings of jAER without a line of the version are of the first one.
        "aedat" | "aedat1" => &[Format::Aedat1],
        "dat" if first.starts_with(b"% ") => &[Format::Dat],
        "dat" if first.starts_with(b"#") => &[Format::Aedat1],
        "dat" => &[Format::Dat, Format::Aedat1],
        // Recordings of the first cameras state no format.
        "raw" => &[Format::Evt2],
        "csv" | "txt" => &[Format::Csv],
        _ => &[],
    };
    if let [Format::Csv] = suggested {
        return Ok(Finding::assumed(Format::Csv, format!("the extension .{extension}")));
    }
    let mut problems = Vec::new();
    let mut plausible = Vec::new();
    for format in suggested {
        match implausible(*format, first, options) {
            None => plausible.push(*format),
            Some(problem) => problems.push(format!("{problem} as {format}")),
        }
    }
    match plausible.as_slice() {
        [format] => {
            let reason = format!("the extension .{extension}, and the first events are plausible");
            Ok(Finding::assumed(*format, reason))
        }
        [] if problems.is_empty() => {
            let problem = match extension.as_str() {
                "" => "unknown format: the signature is not recognized, and there is no extension"
                    .into(),
                _ => format!(
                    "unknown format: neither signature nor extension .{extension} is recognized"
                ),
            };
            Err(FormatError::new(0, format!("{problem}; {REMEDY}")))
        }
        [] => {
            let problems = problems.join("; ");
            Err(FormatError::new(
                0,
                format!("unknown format: the content is implausible: {problems}; {REMEDY}"),
            ))
        }
        several => {
            let names: Vec<String> = several.iter().map(ToString::to_string).collect();
            let names = names.join(" or ");
            Err(FormatError::new(0, format!("unknown format: it may be {names}; {REMEDY}")))
        }
    }
}

/// Refuses an empty file, the same way for all formats.
pub(super) fn not_empty(bytes: &[u8]) -> Result<(), FormatError> {
    match bytes {
        [] => Err(FormatError::new(0, "the file is empty")),
        _ => Ok(()),
    }
}

/// The format that the first bytes state.
fn stated(first: &[u8]) -> Result<Option<Format>, FormatError> {
    if let Some((_, format)) = SIGNATURES.iter().find(|(magic, _)| first.starts_with(magic)) {
        return Ok(Some(*format));
    }
    if let Some(version) = first.strip_prefix(b"#!AER-DAT") {
        let version = version.iter().take_while(|byte| byte.is_ascii_graphic()).copied().collect();
        let version = String::from_utf8(version).unwrap_or_default();
        let problem = format!("the header states AEDAT {version}; AEDAT 1.0 to 4.0 are read");
        return Err(FormatError::new(0, problem));
    }
    // HDF5 may begin behind another header, such as that of MATLAB 7.3.
    let is_behind = |at| first.get(at..).is_some_and(|rest: &[u8]| rest.starts_with(HDF5));
    if [512, 1024, 2048, 4096].into_iter().any(is_behind) {
        return Ok(Some(Format::Hdf5));
    }
    evt::detect(first)
}

/// Events of the sample of which the time may be earlier than that of the event before: 1 in 20.
const MOST_FALLS: usize = 20;

/// Why the first bytes do not look like a format without a signature, if they do not.
///
/// In recordings the time seldom falls, it passes, and few events are the same as the one before; and
/// pixels are those of a sensor. Other content, such as compressed data, text or zeros, fails at least one.
fn implausible(format: Format, first: &[u8], options: &Options) -> Option<String> {
    let (events, body) = match sample(format, first, options) {
        Ok(sample) => sample,
        Err(problem) => return Some(problem),
    };
    let (t, n) = (&events.t, events.len());
    // EVT 2.0 has words of the time alone while nothing moves.
    if n == 0 && body >= 64 && format != Format::Evt2 {
        return Some(format!("there is no event in the first {body} bytes"));
    }
    let falls = t.windows(2).filter(|pair| pair[1] < pair[0]).count();
    if falls > n / MOST_FALLS {
        return Some(format!("the time falls {falls} times in the first {n} events"));
    }
    let same = (1..n).filter(|at| {
        let of = |at: usize| (t[at], events.x[at], events.y[at], events.p[at]);
        of(*at) == of(at - 1)
    });
    let same = same.count();
    if same > n / 2 {
        return Some(format!("{same} of the first {n} events are the same as the one before"));
    }
    let beyond = |limit: (u16, u16)| {
        let outside = |at: &usize| events.x[*at] >= limit.0 || events.y[*at] >= limit.1;
        (0..n).find(outside)
    };
    // The ATIS has 304 x 240 pixels; no camera of the others has more than 2048 columns.
    let limit = match format {
        Format::AtisBin => (304, 240),
        Format::Dat | Format::Bs3 => (2048, 2048),
        _ => (u16::MAX, u16::MAX),
    };
    beyond(limit).map(|at| {
        let (x, y) = (events.x[at], events.y[at]);
        format!("event {at} is at x {x}, y {y}, beyond the sensor of any camera")
    })
}

/// The events in the first bytes, and how many bytes behind the header there are.
fn sample(format: Format, first: &[u8], options: &Options) -> Result<(Columns, usize), String> {
    let mut events = Columns::default();
    match format {
        Format::Bs1 => {
            let whole = first.len() - first.len() % 5;
            let spikes = bs1::decode(&first[..whole], None).map_err(|error| error.problem)?;
            // Spikes of 65,535 neurons have one column.
            events.t = spikes.t().to_vec();
            events.x = spikes.unit().iter().map(|unit| *unit as u16).collect();
            events.y = vec![0; spikes.len()];
            events.p = vec![true; spikes.len()];
            Ok((events, whole))
        }
        _ => {
            let options = Options { sensor: None, ..options.clone() };
            let feeder =
                Feeder::open(format, first, false, &options).map_err(|error| error.problem)?;
            let mut feeder = feeder.ok_or("the header does not end in the first 8 KiB")?;
            let body = &first[feeder.offset..];
            if format == Format::Evt2 {
                let unknown =
                    body.as_chunks::<4>().0.iter().filter(|word| !evt::is_known(word[3] >> 4));
                let (unknown, words) = (unknown.count(), body.len() / 4);
                if unknown > words / MOST_FALLS {
                    return Err(format!(
                        "{unknown} of the first {words} words are of unknown types"
                    ));
                }
                let is_time = |word: &[u8; 4]| u32::from(word[3] >> 4) == evt::TIME_HIGH;
                if words > 0 && !body.as_chunks().0.iter().any(is_time) {
                    return Err(format!("none of the first {words} words is a time"));
                }
            }
            feeder.sensor = None;
            feeder.feed(body, &mut events).map_err(|error| error.problem)?;
            Ok((events, body.len()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, first: &[u8]) -> Result<Format, FormatError> {
        Format::detect(Path::new(path), first)
    }

    fn problem(path: &str, first: &[u8]) -> String {
        of(path, first).unwrap_err().to_string()
    }

    #[test]
    fn headers_are_obeyed_or_refused_by_name() {
        for (header, name) in [
            ("% date 2024-05-01 10:00:00\n% evt 4.0\n% geometry 320x320\n% end\n", "EVT4"),
            ("% evt 1.0\n", "EVT1"),
            ("% format HISTO3D;width=320;height=320\n% end\n", "HISTO3D"),
            ("% format AER-8b\n% end\n", "AER-8b"),
            ("% format EVT4;height=720;width=1280\n% evt 3.0\n% end\n", "EVT4"),
            ("#!AER-DAT5.0\r\n", "AEDAT 5.0"),
        ] {
            for path in ["a.raw", "a.dat", "a.bin", "a"] {
                let problem = problem(path, header.as_bytes());
                assert!(
                    problem.contains(name) && problem.contains("are read"),
                    "{path}: {problem}"
                );
            }
        }
        assert_eq!(of("a.dat", b"% format EVT3;height=720\n% end\n").unwrap(), Format::Evt3);
        assert_eq!(of("a.raw", b"#!AER-DAT1.0\r\n").unwrap(), Format::Aedat1);
    }

    #[test]
    fn empty_files_are_one_error() {
        for path in ["a.bin", "a.raw", "a.csv", "a.npy", "a.h5", "a", "a.pdf"] {
            assert_eq!(problem(path, b""), "byte 0: the file is empty");
        }
    }

    #[test]
    fn any_bytes_are_no_recording() {
        // A multiplicative generator; text; zeros; ones; a ramp.
        let mut state = 1_u64;
        let random: Vec<u8> = (0..8192)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            })
            .collect();
        let text = b"The quick brown fox jumps over the lazy dog.\n".repeat(100);
        let [zeros, ones] = [0, 255].map(|byte| vec![byte; 4000]);
        for content in [&random, &text, &zeros, &ones] {
            for path in ["a.bin", "a.bs1", "a.bs2", "a.bs3", "a.dat", "a.raw", "a.aedat"] {
                let problem = problem(path, content);
                assert!(
                    problem.contains("implausible") && problem.contains(REMEDY),
                    "{path}: {problem}"
                );
            }
        }
        let options = Options { format: Some(Format::AtisBin), ..Options::default() };
        let given = detect(Path::new("a.bin"), &random, &options).unwrap();
        assert_eq!(given, Finding::new(Format::AtisBin, Basis::Option));
    }

    /// Sixty events of a DVS128, 100 µs apart, as AEDAT 1.0 without a header.
    fn aedat1() -> Vec<u8> {
        let event = |k: u32| {
            let address = (k % 128) << 8 | (k * 7 % 128) << 1 | k % 2;
            [&(address as u16).to_be_bytes()[..], &(100 * k).to_be_bytes()].concat()
        };
        (0..60).flat_map(event).collect()
    }

    #[test]
    fn both_formats_of_dat() {
        assert_eq!(of("a.dat", &aedat1()).unwrap(), Format::Aedat1);
        let event =
            |k: u32| [(100 * k).to_le_bytes(), (k % 304 | (k % 240) << 9).to_le_bytes()].concat();
        let atis: Vec<u8> = (0..60).flat_map(event).collect();
        assert_eq!(of("a.dat", &atis).unwrap(), Format::Dat);
        // One event may be anything.
        assert!(problem("a.dat", &[0; 24]).contains(REMEDY));
    }
}
