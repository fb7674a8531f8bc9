//! Detection of the format of a file: what its first bytes state, or else its extension, if the first
//! events are plausible in the format that it suggests.

use std::path::Path;

use super::interpretation::{Basis, Finding};
use super::plausible::implausible;
use super::{Format, FormatError, HDF5, Options, evt};

/// Bytes by which a format is detected.
pub(super) const FIRST: usize = 1 << 13;

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

/// First bytes of files that are not read, what they are, and what to do with them.
const FOREIGN: [(&[u8], &str, &str); 9] = [
    (b"\x1f\x8b", "a gzip file", "unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a zstd file", "unpack it first"),
    (b"BZh", "a bzip2 file", "unpack it first"),
    (b"\xfd7zXZ\0", "an xz file", "unpack it first"),
    (b"Rar!", "a RAR archive", "unpack it first"),
    (b"#ROSBAG", "a ROS bag", "convert its events to HDF5 or text with the tools of ROS"),
    (b"\x89PNG", "a PNG image", "images contain no events"),
    (b"\xff\xd8\xff", "a JPEG image", "images contain no events"),
    (b"RIFF", "a RIFF file (WAV or AVI)", "sound and video contain no events"),
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
        "csv" | "txt" | "tsv" => {
            return Ok(Finding::assumed(Format::Csv, format!("the extension .{extension}")));
        }
        _ => &[],
    };
    let (mut problems, mut plausible) = (Vec::new(), Vec::new());
    for format in suggested {
        match implausible(*format, first, options) {
            None => plausible.push(*format),
            Some(problem) => problems.push(format!("{problem} as {format}")),
        }
    }
    let problem = match plausible.as_slice() {
        [format] => {
            let reason = format!("the extension .{extension}, and the first events are plausible");
            return Ok(Finding::assumed(*format, reason));
        }
        [] if suggested.is_empty() => match extension.as_str() {
            "" => "the signature is not recognized, and there is no extension".into(),
            _ => format!("neither signature nor extension .{extension} is recognized"),
        },
        [] => format!("the content is implausible: {}", problems.join("; ")),
        several => {
            let names: Vec<String> = several.iter().map(ToString::to_string).collect();
            format!("it may be {}", names.join(" or "))
        }
    };
    let names: Vec<String> = match suggested {
        [] => vec!["Evt3".into(), "Csv".into()],
        suggested => suggested.iter().map(|format| format!("{format:?}")).collect(),
    };
    let names = names.join(" or ");
    let remedy = format!("choose the format with Options::format, such as {names}");
    Err(FormatError::new(0, format!("unknown format: {problem}; {remedy}")))
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
    if let Some((_, name, remedy)) = FOREIGN.iter().find(|(magic, ..)| first.starts_with(magic)) {
        let problem = format!("expected a recording, found {name}; {remedy}");
        return Err(FormatError::new(0, problem));
    }
    evt::detect(first)
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
    fn comments_of_text_are_no_header_of_a_camera() {
        for text in ["% format x y t p\n1 2 3 1\n", "% evt count 300\n1 2 3 1\n"] {
            assert_eq!(of("a.txt", text.as_bytes()).unwrap(), Format::Csv, "{text}");
        }
    }

    #[test]
    fn other_files_are_named() {
        for (first, name) in [
            (&b"\x1f\x8b\x08\0"[..], "a gzip file; unpack it first"),
            (b"#ROSBAG V2.0\n", "a ROS bag; convert"),
            (b"\x89PNG\r\n", "a PNG image"),
        ] {
            for path in ["a.bin", "a.csv.gz", "a.dat", "a.csv"] {
                assert!(problem(path, first).contains(name), "{path}");
            }
        }
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
        let grey = vec![0x80; 4000];
        let floats: Vec<u8> = (0..2000).flat_map(|k| (k as f32 / 7.0).to_le_bytes()).collect();
        for content in [&random, &text, &zeros, &ones, &grey, &floats] {
            for path in ["a.bin", "a.bs1", "a.bs2", "a.bs3", "a.dat", "a.raw", "a.aedat"] {
                let problem = problem(path, content);
                assert!(
                    problem.contains("implausible") && problem.contains("Options::format, such as"),
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
            let address = (k % 128) << 8 | (k * 7 % 128) << 1 | (k % 2);
            [&(address as u16).to_be_bytes()[..], &(100 * k).to_be_bytes()].concat()
        };
        (0..60).flat_map(event).collect()
    }

    #[test]
    fn both_formats_of_dat() {
        assert_eq!(of("a.dat", &aedat1()).unwrap(), Format::Aedat1);
        let event =
            |k: u32| [(100 * k).to_le_bytes(), ((k % 304) | (k % 240) << 9).to_le_bytes()].concat();
        let atis: Vec<u8> = (0..60).flat_map(event).collect();
        assert_eq!(of("a.dat", &atis).unwrap(), Format::Dat);
        // One event may be anything.
        assert!(problem("a.dat", &[0; 24]).contains("it may be DAT or AEDAT 1.0"));
    }
}
