use std::io::{Cursor, Seek, SeekFrom};

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;

/// Two files, one of them below the other's folder, larger than any buffer.
fn entries() -> Vec<(&'static str, Vec<u8>)> {
    let large = (0..200_000_u32).map(|k| (k.wrapping_mul(k) >> 7) as u8).collect();
    vec![("data/1/b.bin", large), ("data/a.txt", b"spikes".to_vec())]
}

fn zip(entries: &[(&str, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    zip.add_directory("data/", options).unwrap();
    for (name, content) in entries {
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn header(name: &str, kind: EntryType, size: usize) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    // As it is: the library would not write a hostile one.
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size as u64);
    header.set_mode(0o644);
    header.set_cksum();
    header
}

fn tar(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    tar.append(&header("data/", EntryType::Directory, 0), &[][..]).unwrap();
    for (name, content) in entries {
        let header = header(name, EntryType::Regular, content.len());
        tar.append(&header, content.as_slice()).unwrap();
    }
    tar.into_inner().unwrap()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(content).unwrap();
    gzip.finish().unwrap()
}

/// A folder with an archive.
fn packed(name: &str, bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join(name);
    fs::write(&archive, bytes).unwrap();
    (folder, archive)
}

/// Files below a folder, sorted, with what they hold.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_string();
                found.push((name, fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn check(found: &[(String, Vec<u8>)], expected: &[(&str, Vec<u8>)]) {
    let found: Vec<_> = found.iter().map(|(name, bytes)| (name.as_str(), bytes)).collect();
    let expected: Vec<_> = expected.iter().map(|(name, bytes)| (*name, bytes)).collect();
    assert!(found == expected, "files differ");
}

#[test]
fn each_kind_of_archive_gives_back_its_files() {
    let entries = entries();
    for (name, bytes) in [
        ("set.zip", zip(&entries, CompressionMethod::Stored)),
        ("set.zip", zip(&entries, CompressionMethod::Deflated)),
        ("set.tar", tar(&entries)),
        ("set.tar.gz", gzip(&tar(&entries))),
        ("set.tgz", gzip(&tar(&entries))),
    ] {
        // What the archive has under that name.
        let (folder, archive) = packed(name, &bytes);
        unpack(&archive, &folder.path().join("data")).unwrap();
        let mut expected = entries.clone();
        expected.push((name, bytes.clone()));
        expected.sort();
        check(&files(folder.path()), &expected);
        // It has no such thing: all.
        let (folder, archive) = packed(name, &bytes);
        unpack(&archive, &folder.path().join("whole")).unwrap();
        check(&files(&folder.path().join("whole")), &entries);
        // A single file, deeper.
        let (folder, archive) = packed(name, &bytes);
        fs::create_dir(folder.path().join("data")).unwrap();
        let file = folder.path().join("data/a.txt");
        unpack(&archive, &file).unwrap();
        assert_eq!(fs::read(file).unwrap(), b"spikes");
    }
}

#[test]
fn a_single_gzip_file_loses_its_ending() {
    let (folder, archive) = packed("file.bin.gz", &gzip(b"spikes"));
    unpack(&archive, &folder.path().join("file.bin")).unwrap();
    assert_eq!(fs::read(folder.path().join("file.bin")).unwrap(), b"spikes");
    assert_eq!(files(folder.path()).len(), 2);
}

#[test]
fn a_zip_in_a_zip_is_unpacked_where_it_lies() {
    let deep = zip(&[("data/c", b"3".to_vec())], CompressionMethod::Stored);
    let inner = zip(
        &[("data/one/a", b"1".to_vec()), ("data/deep.zip", deep.clone())],
        CompressionMethod::Deflated,
    );
    let other = zip(&[("data/two/b", b"2".to_vec())], CompressionMethod::Stored);
    let outer = [("one.zip", inner), ("sub/two.ZIP", other), ("data.npz", b"npz".to_vec())];
    let (folder, archive) = packed("set.zip", &zip(&outer, CompressionMethod::Stored));
    let target = folder.path().join("whole");
    unpack(&archive, &target).unwrap();
    check(
        &files(&target),
        &[
            ("data.npz", b"npz".to_vec()),
            // Two levels, not more.
            ("data/deep.zip", deep),
            ("data/one/a", b"1".to_vec()),
            ("sub/data/two/b", b"2".to_vec()),
        ],
    );
}

/// The error of an archive, of which nothing may be left.
fn refusal(name: &str, bytes: &[u8]) -> String {
    let outside = tempfile::tempdir().unwrap();
    let inside = outside.path().join("inside");
    fs::create_dir(&inside).unwrap();
    let archive = inside.join(name);
    fs::write(&archive, bytes).unwrap();
    let error = unpack(&archive, &inside.join("data")).unwrap_err().to_string();
    assert!(error.starts_with(archive.to_str().unwrap()), "{error}");
    assert_eq!(files(outside.path()).len(), 1, "something was kept after: {error}");
    assert_eq!(fs::read_dir(inside).unwrap().count(), 1, "a folder was kept after: {error}");
    error[archive.to_str().unwrap().len()..].to_string()
}

#[test]
fn entries_that_lead_out_of_the_folder_are_refused() {
    let evil = |name: &'static str| vec![("data/a", b"1".to_vec()), (name, b"2".to_vec())];
    for name in ["../evil", "data/../../evil", "/tmp/evil", "data/.."] {
        let expected = format!(": {name}: leads out of the folder");
        assert_eq!(refusal("a.tar", &tar(&evil(name))), expected);
        assert_eq!(refusal("a.tar.gz", &gzip(&tar(&evil(name)))), expected);
        let bytes = zip(&evil(name), CompressionMethod::Deflated);
        assert_eq!(refusal("a.zip", &bytes), expected);
        let outer = zip(&[("in.zip", bytes)], CompressionMethod::Stored);
        assert_eq!(refusal("a.zip", &outer), format!(": in.zip{expected}"));
    }
    let backslash = zip(&evil("data\\..\\..\\evil"), CompressionMethod::Stored);
    assert!(refusal("a.zip", &backslash).ends_with("leads out of the folder"));
}

#[test]
fn links_and_devices_are_refused() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink("data/link", "/etc", SimpleFileOptions::default()).unwrap();
    let error = refusal("a.zip", &writer.finish().unwrap().into_inner());
    assert!(error.starts_with(": data/link: a link"), "{error}");
    for (kind, expected) in [
        (EntryType::Symlink, ": data/link: a link"),
        (EntryType::Link, ": data/link: a link"),
        (EntryType::Fifo, ": data/link: an entry of type Fifo"),
    ] {
        let mut header = header("data/link", kind, 0);
        header.set_link_name("a.txt").unwrap();
        header.set_cksum();
        let mut tar = tar::Builder::new(Vec::new());
        tar.append(&header, &[][..]).unwrap();
        let error = refusal("a.tar", &tar.into_inner().unwrap());
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn an_archive_that_is_cut_is_refused_wherever_it_is_cut() {
    let entries = entries();
    let tar_gz = gzip(&tar(&entries));
    let zip_bytes = zip(&entries, CompressionMethod::Deflated);
    for (name, bytes) in [
        ("a.tar", tar(&entries)),
        ("a.tar.gz", tar_gz),
        ("a.zip", zip_bytes),
        ("a.gz", gzip(b"ab")),
    ] {
        // The end of a tar is two blocks of zeros, of which one may be missing.
        let end = if name == "a.tar" { bytes.len() - 1024 } else { bytes.len() - 1 };
        for part in 0..8 {
            refusal(name, &bytes[..end - end * part / 8]);
        }
    }
}

#[test]
fn the_entry_that_is_damaged_is_named() {
    let mut bytes = zip(&entries(), CompressionMethod::Stored);
    bytes[100_000] ^= 1;
    let error = refusal("a.zip", &bytes);
    assert!(error.starts_with(": data/1/b.bin: "), "{error}");
    let outer = zip(&[("sub/in.zip", bytes)], CompressionMethod::Stored);
    let error = refusal("a.zip", &outer);
    assert!(error.starts_with(": sub/in.zip: data/1/b.bin: "), "{error}");
    let bytes = tar(&entries());
    let error = refusal("a.tar", &bytes[..100_000]);
    assert!(error.starts_with(": data/1/b.bin: "), "{error}");
    let mut bytes = gzip(&tar(&entries()));
    let checksum = bytes.len() - 8;
    bytes[checksum] ^= 1;
    let error = refusal("a.tar.gz", &bytes);
    assert!(error.starts_with(": after data/a.txt: "), "{error}");
    assert!(refusal("a.rar", b"Rar!").contains("neither zip nor tar nor gzip"));
}

#[test]
fn what_an_interrupted_unpacking_left_is_removed() {
    let (folder, archive) = packed("set.zip", &zip(&entries(), CompressionMethod::Stored));
    let target = folder.path().join("whole");
    let old = folder.path().join("whole.unpacking/content/data");
    fs::create_dir_all(&old).unwrap();
    fs::write(old.join("old"), b"half").unwrap();
    unpack(&archive, &target).unwrap();
    check(&files(&target), &entries());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

/// The archive begins behind 5 GiB of nothing, which take no room on the disk: its offsets need 64 bits.
#[cfg(unix)]
#[test]
fn a_zip_with_places_beyond_four_gigabytes_is_read() {
    let (folder, archive) = packed("set.zip", b"");
    let mut file = File::options().read(true).write(true).open(&archive).unwrap();
    file.seek(SeekFrom::Start(5 << 30)).unwrap();
    let mut zip = ZipWriter::new(file);
    for (name, content) in entries() {
        zip.start_file(name, SimpleFileOptions::default().large_file(true)).unwrap();
        zip.write_all(&content).unwrap();
    }
    zip.finish().unwrap();
    assert!(fs::metadata(&archive).unwrap().len() > 5 << 30);
    unpack(&archive, &folder.path().join("whole")).unwrap();
    check(&files(&folder.path().join("whole")), &entries());
}
