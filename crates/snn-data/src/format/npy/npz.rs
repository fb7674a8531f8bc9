//! npz: a zip archive of npy files.

use std::io::{self, Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{Array, start};
use crate::events::Events;
use crate::format::column::error;
use crate::format::decoded::Decoded;
use crate::format::roles::{self, recording};
use crate::format::time_unit::UnitRule;
use crate::format::{FormatError, Options};

/// Reads a npz file: an array for each of t, x, y and p, or one array that [`decode`](super::decode)
/// reads.
///
/// # Errors
///
/// It is no zip archive, or as [`decode`](super::decode): then the problem begins with the name of
/// the array, and the offset is within it after unpacking.
pub(in super::super) fn decode_npz(
    bytes: &[u8],
    options: &Options,
) -> Result<Decoded, FormatError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|refusal| FormatError {
        offset: 0,
        problem: format!("expected a zip archive: {refusal}"),
    })?;
    let names: Vec<String> = archive
        .file_names()
        .filter_map(|name| name.ok()?.strip_suffix(".npy").map(String::from))
        .collect();
    let within = |name: &str, refusal: FormatError| FormatError {
        problem: format!("{name}.npy: {}", refusal.problem),
        ..refusal
    };
    if let [name] = names.as_slice() {
        let bytes = unpack(&mut archive, name)?;
        return super::decode(&bytes, options).map_err(|refusal| within(name, refusal));
    }
    let named = roles::by_name(&names, options.columns.as_ref());
    let (roles, stated) = named.map_err(|problem| FormatError::new(0, problem))?;
    let mut unpacked = Vec::new();
    for (name, role) in names.iter().zip(&roles) {
        if let Some(role) = *role {
            unpacked.push((role, name, unpack(&mut archive, name)?));
        }
    }
    let mut arrays = Vec::with_capacity(unpacked.len());
    for (role, name, bytes) in &unpacked {
        let array = Array::read(bytes).map_err(|refusal| within(name, refusal))?;
        arrays.push((*role, name.as_str(), array));
    }
    let mut columns = Vec::with_capacity(arrays.len());
    let mut rule = UnitRule { option: options.time_unit, stated, fractions: None };
    for (role, name, array) in &arrays {
        let (column, unit) = array.numbers(name).map_err(|refusal| within(name, refusal))?;
        columns.push((*role, column));
        rule.stated = unit.or(rule.stated);
    }
    let decoded = recording(&columns, rule, 0)?;
    Ok(decoded.with_columns(&roles, options))
}

fn unpack(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<Vec<u8>, FormatError> {
    let mut unpacked = Vec::new();
    let read = archive.by_name(&format!("{name}.npy")).map_err(io::Error::from);
    // What is unpacked decides how much there is, and not what the archive says about it.
    match read.and_then(|mut file| file.read_to_end(&mut unpacked)) {
        Ok(_) => Ok(unpacked),
        Err(refusal) => error(0, format!("{name}.npy: {refusal}")),
    }
}

/// Writes a npz file with the arrays t i64, x i16, y i16 and p bool, compressed.
///
/// Pixels are u16 on a sensor that needs them.
///
/// # Errors
///
/// The archive cannot be written: an array beyond its sizes.
pub fn encode_npz(events: &Events) -> io::Result<Vec<u8>> {
    let sensor = events.sensor();
    let pixel = if sensor.width.max(sensor.height) > 1 << 15 { "'<u2'" } else { "'<i2'" };
    let shape = &[events.len()];
    let mut t = start("'<i8'", shape, 8);
    t.extend(events.t().iter().flat_map(|t| t.to_le_bytes()));
    let mut x = start(pixel, shape, 2);
    x.extend(events.x().iter().flat_map(|x| x.to_le_bytes()));
    let mut y = start(pixel, shape, 2);
    y.extend(events.y().iter().flat_map(|y| y.to_le_bytes()));
    let mut p = start("'|b1'", shape, 1);
    p.extend(events.p().iter().map(|p| u8::from(*p)));
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in [("t.npy", t), ("x.npy", x), ("y.npy", y), ("p.npy", p)] {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .large_file(bytes.len() > u32::MAX as usize);
        archive.start_file(name, options)?;
        archive.write_all(&bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}
