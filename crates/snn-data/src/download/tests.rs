use std::io::Write;
use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::write::GzEncoder;
use md5::Md5;
use sha2::{Digest, Sha256};

use super::*;
use crate::remote::Hash;
use server::{Ranges, Server};

mod server;

const LENGTH: usize = 500_000;
const CUT: usize = 200_000;

/// Bytes without a period that a wrong place would fit to.
fn content(seed: u32) -> Vec<u8> {
    let mut state = seed;
    let mut byte = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..LENGTH).map(|_| byte()).collect()
}

fn md5(content: &[u8]) -> Hash {
    Hash::Md5(format!("{:x}", Md5::digest(content)).leak())
}

fn remote(server: &Server, hash: Hash) -> Remote {
    Remote { url: server.url, path: "set/file", hash }
}

/// One that does not wait between attempts.
fn downloader() -> Downloader {
    Downloader { pause: Duration::ZERO, ..Downloader::new() }
}

/// The names of the files beside the one that was to be fetched, and its own.
fn files(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder.join("set")).unwrap();
    let mut names: Vec<_> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_comes_whole_and_progress_ends_at_its_length() {
    let folder = tempfile::tempdir().unwrap();
    let right = content(1);
    let server = Server::start(&right);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (calls, path) = (seen.clone(), folder.path().join("set/file"));
    let expected_path = path.clone();
    let downloader = downloader().with_progress(move |progress| {
        assert_eq!(progress.path, expected_path);
        calls.lock().unwrap().push((progress.done, progress.total));
    });
    let remote = remote(&server, md5(&right));
    assert_eq!(downloader.fetch(&remote, folder.path()).unwrap(), path);
    assert_eq!(fs::read(&path).unwrap(), right);
    assert_eq!(files(folder.path()), ["file"]);
    {
        let seen = seen.lock().unwrap();
        assert!(seen.len() > 2 && seen.is_sorted(), "{seen:?}");
        assert_eq!(seen[0], (0, Some(LENGTH as u64)));
        assert_eq!(seen.last(), Some(&(LENGTH as u64, Some(LENGTH as u64))));
    }
    // It is there.
    let calls = seen.lock().unwrap().len();
    downloader.fetch(&remote, folder.path()).unwrap();
    assert_eq!((server.behaviour().requests.len(), seen.lock().unwrap().len()), (1, calls));
}

#[test]
fn after_a_cut_only_the_rest_is_transferred() {
    for version in [("ETag", "\"one\""), ("Last-Modified", "Sat, 01 Jan 2000 00:00:00 GMT")] {
        let folder = tempfile::tempdir().unwrap();
        let right = content(1);
        let server = Server::start(&right);
        server.behaviour().version = Some(version);
        server.behaviour().cuts = [CUT, 1000].into();
        let path = downloader().fetch(&remote(&server, md5(&right)), folder.path()).unwrap();
        assert_eq!(fs::read(path).unwrap(), right);
        assert_eq!(server.sent(), LENGTH);
        let requests = server.behaviour().requests.clone();
        assert_eq!(requests[2].from, Some(CUT + 1000));
        assert_eq!(requests[2].if_range.as_deref(), Some(version.1));
        assert_eq!((requests.len(), files(folder.path())), (3, vec!["file".into()]));
    }
}

/// A folder with what came before every connection was cut.
fn cut(server: &Server, remote: &Remote) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    server.behaviour().cuts = [CUT, 0, 0, 0].into();
    let error = downloader().fetch(remote, folder.path()).unwrap_err();
    assert!(matches!(error, DataError::Download { .. }), "{error}");
    assert!(error.to_string().contains(server.url), "{error}");
    assert!(!folder.path().join("set/file").exists());
    assert!(server.behaviour().cuts.is_empty());
    server.behaviour().requests.clear();
    folder
}

#[test]
fn the_next_download_goes_on_where_the_last_one_was_cut() {
    let right = content(1);
    let server = Server::start(&right);
    let remote = remote(&server, md5(&right));
    let folder = cut(&server, &remote);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let calls = seen.clone();
    let downloader = downloader()
        .with_progress(move |progress| calls.lock().unwrap().push((progress.done, progress.total)));
    let path = downloader.fetch(&remote, folder.path()).unwrap();
    assert_eq!(fs::read(path).unwrap(), right);
    assert_eq!(server.sent(), LENGTH - CUT);
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0], (CUT as u64, Some(LENGTH as u64)));
    assert_eq!(seen.last(), Some(&(LENGTH as u64, Some(LENGTH as u64))));
}

#[test]
fn a_server_that_cannot_go_on_sends_the_whole_file() {
    let right = content(1);
    for ranges in [Ranges::Ignored, Ranges::Shifted] {
        let server = Server::start(&right);
        server.behaviour().ranges = ranges;
        let remote = remote(&server, md5(&right));
        server.behaviour().cuts = [CUT].into();
        let folder = tempfile::tempdir().unwrap();
        let path = downloader().fetch(&remote, folder.path()).unwrap();
        assert_eq!(fs::read(path).unwrap(), right);
        let requests = server.behaviour().requests.clone();
        assert_eq!(requests[1].from, Some(CUT));
        assert_eq!(requests.last().unwrap().sent, LENGTH);
    }
}

#[test]
fn without_a_name_for_the_version_nothing_is_taken_over() {
    let right = content(1);
    for version in [None, Some(("ETag", "W/\"weak\""))] {
        let server = Server::start(&right);
        server.behaviour().version = version;
        server.behaviour().cuts = [CUT].into();
        let folder = tempfile::tempdir().unwrap();
        let path = downloader().fetch(&remote(&server, md5(&right)), folder.path()).unwrap();
        assert_eq!(fs::read(path).unwrap(), right);
        let asked =
            server.behaviour().requests.iter().map(|request| request.from).collect::<Vec<_>>();
        assert_eq!((asked, server.sent()), (vec![None, None], CUT + LENGTH));
    }
}

#[test]
fn a_file_that_changed_on_the_server_is_transferred_from_its_start() {
    let changed = content(2);
    for ranges in [Ranges::Right, Ranges::OfAnyVersion] {
        let server = Server::start(&content(1));
        let remote = remote(&server, md5(&changed));
        let folder = cut(&server, &remote);
        server.behaviour().content = changed.clone();
        server.behaviour().version = Some(("ETag", "\"two\""));
        server.behaviour().ranges = ranges;
        let path = downloader().fetch(&remote, folder.path()).unwrap();
        assert_eq!(fs::read(path).unwrap(), changed);
        assert_eq!(server.behaviour().requests.last().unwrap().sent, LENGTH);
    }
}

#[test]
fn a_part_that_is_the_whole_is_not_transferred_again() {
    let right = content(1);
    let server = Server::start(&right);
    let remote = remote(&server, md5(&right));
    let folder = cut(&server, &remote);
    fs::write(folder.path().join("set/file.part"), &right).unwrap();
    let path = downloader().fetch(&remote, folder.path()).unwrap();
    assert_eq!((fs::read(path).unwrap(), server.sent()), (right.clone(), 0));
    // One that is longer is of no use.
    let folder = cut(&server, &remote);
    fs::write(folder.path().join("set/file.part"), vec![0; LENGTH + 1]).unwrap();
    let path = downloader().fetch(&remote, folder.path()).unwrap();
    assert_eq!((fs::read(path).unwrap(), server.sent()), (right, LENGTH));
}

#[test]
fn other_content_is_refused_and_removed() {
    let (right, wrong) = (content(1), content(2));
    let packed = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let digits = |bytes: &[u8]| &*format!("{:x}", Md5::digest(bytes)).leak();
    let digest = |bytes: &[u8]| &*format!("{:x}", Sha256::digest(bytes)).leak();
    for (hash, kind, expected, found, right, wrong) in [
        (md5(&right), "MD5", digits(&right), digits(&wrong), &right, &wrong),
        (
            Hash::UnpackedSha256(digest(&right)),
            "unpacked SHA-256",
            digest(&right),
            digest(&wrong),
            &packed(&right),
            &packed(&wrong),
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(wrong);
        let remote = remote(&server, hash);
        let error = downloader().fetch(&remote, folder.path()).unwrap_err();
        let url = server.url;
        assert_eq!(error.to_string(), format!("{url}: expected {kind} {expected}, got {found}"));
        assert_eq!(files(folder.path()), ["file.lock"]);
        server.behaviour().content = right.clone();
        let path = downloader().fetch(&remote, folder.path()).unwrap();
        assert_eq!(&fs::read(path).unwrap(), right);
        assert_eq!(files(folder.path()), ["file"]);
    }
}

#[test]
fn a_page_in_place_of_a_gzip_file_is_refused_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(b"<html>Log in first</html>");
    let remote = remote(&server, Hash::UnpackedSha256("0"));
    let error = downloader().fetch(&remote, folder.path()).unwrap_err();
    assert!(matches!(error, DataError::Download { .. }), "{error}");
    assert_eq!(files(folder.path()), ["file.lock"]);
}

#[test]
fn a_server_that_refuses_is_asked_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(b"");
    for status in ["404 Not Found", "416 Range Not Satisfiable", "206 Partial Content"] {
        server.behaviour().refusal = Some(status);
        server.behaviour().requests.clear();
        let error = downloader().fetch(&remote(&server, md5(b"")), folder.path()).unwrap_err();
        let expected = format!("cannot download {}: HTTP status {status}", server.url);
        assert_eq!((error.to_string(), server.behaviour().requests.len()), (expected, 1));
    }
}

#[test]
fn without_a_server_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    // No server is given this port.
    let url = "http://127.0.0.1:1";
    let remote = Remote { url, path: "set/file", hash: md5(b"") };
    let error = downloader().fetch(&remote, folder.path()).unwrap_err();
    assert!(matches!(error, DataError::Download { .. }), "{error}");
}

#[test]
fn offline_a_missing_file_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(b"spikes");
    let offline = downloader().offline(true);
    let path = folder.path().join("set/file");
    let expected = format!(
        "{} is missing; the network was not used to download it from {}",
        path.display(),
        server.url
    );
    let remote = remote(&server, md5(b"spikes"));
    let error = offline.fetch(&remote, folder.path()).unwrap_err();
    assert_eq!(error.to_string(), expected);
    let error = offline.fetch_and_unpack(&remote, folder.path(), "set/other").unwrap_err();
    assert_eq!((error.to_string(), server.sent()), (expected, 0));
    offline.offline(false).fetch(&remote, folder.path()).unwrap();
    downloader().offline(true).fetch(&remote, folder.path()).unwrap();
}

#[test]
fn an_archive_is_fetched_and_unpacked_once() {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("Train/1/a.bin", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(b"spikes").unwrap();
    let zip = zip.finish().unwrap().into_inner();
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&zip);
    let remote = Remote { url: server.url, path: "set/train.zip", hash: md5(&zip) };
    downloader().fetch_and_unpack(&remote, folder.path(), "set/Train").unwrap();
    let file = folder.path().join("set/Train/1/a.bin");
    assert_eq!(fs::read(&file).unwrap(), b"spikes");
    assert_eq!(files(folder.path()), ["Train", "train.zip"]);
    // The archive is not needed any more, and what is there is not touched.
    fs::remove_file(folder.path().join("set/train.zip")).unwrap();
    fs::write(&file, b"mine").unwrap();
    downloader().offline(true).fetch_and_unpack(&remote, folder.path(), "set/Train").unwrap();
    assert_eq!((fs::read(&file).unwrap(), server.sent()), (b"mine".to_vec(), zip.len()));
}

/// Tests that need a process of its own: this program again, with one test and these variables.
#[cfg(unix)]
mod processes {
    use std::env;
    use std::io::{BufRead, BufReader};
    use std::process::{Child, Command, Stdio};

    use super::*;

    const FOLDER: &str = "SNN_TEST_DOWNLOAD_FOLDER";
    const URL: &str = "SNN_TEST_DOWNLOAD_URL";

    fn spawn(mut command: Command, test: &str, folder: &Path, url: &str) -> Child {
        let test = format!("download::tests::processes::{test}");
        command.args([&test, "--exact", "--nocapture"]).env(FOLDER, folder).env(URL, url);
        command.stdout(Stdio::piped()).spawn().unwrap()
    }

    /// What the other process fetches, and where to, if this is the other process.
    fn task() -> Option<(Remote, PathBuf)> {
        let (folder, url) = (env::var_os(FOLDER)?, env::var(URL).unwrap());
        Some((Remote { url: url.leak(), path: "set/file", hash: md5(&content(1)) }, folder.into()))
    }

    #[test]
    fn of_two_processes_one_fetches_the_file() {
        if let Some((remote, folder)) = task() {
            println!("\nready");
            let path = downloader().fetch(&remote, &folder).unwrap();
            assert_eq!(fs::read(path).unwrap(), content(1));
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&content(1));
        server.behaviour().hold = true;
        let mut children = [(); 2].map(|()| {
            let command = Command::new(env::current_exe().unwrap());
            let test = "of_two_processes_one_fetches_the_file";
            spawn(command, test, folder.path(), server.url)
        });
        for child in &mut children {
            let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
            assert!(lines.map(Result::unwrap).any(|line| line == "ready"));
        }
        // Time enough for both to ask, if both did.
        std::thread::sleep(Duration::from_millis(500));
        assert!(!folder.path().join("set/file").exists());
        server.behaviour().hold = false;
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        let requests = server.behaviour().requests.len();
        assert_eq!((requests, server.sent()), (1, LENGTH));
        assert_eq!(files(folder.path()), ["file"]);
    }

    #[test]
    fn on_a_full_disk_what_has_come_stays() {
        if let Some((remote, folder)) = task() {
            let error = downloader().fetch(&remote, &folder).unwrap_err();
            assert!(matches!(error, DataError::File { .. }), "{error}");
            println!("\nerror: {error}");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let right = content(1);
        let server = Server::start(&right);
        // A disk that has room for 200 blocks of 512 bytes: then a write fails, as on any full disk.
        let mut command = Command::new("sh");
        let script = "trap '' XFSZ; ulimit -f 200; exec \"$@\"";
        command.args(["-c", script, "sh"]).arg(env::current_exe().unwrap());
        let test = "on_a_full_disk_what_has_come_stays";
        let output = spawn(command, test, folder.path(), server.url).wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}");
        let part = folder.path().join("set/file.part");
        assert!(text.contains(&format!("error: {}: ", part.display())), "{text}");
        let kept = fs::read(&part).unwrap();
        assert!(!kept.is_empty() && right.starts_with(&kept) && kept.len() < LENGTH);
        // With room again, the rest.
        server.behaviour().requests.clear();
        let path = downloader().fetch(&remote(&server, md5(&right)), folder.path()).unwrap();
        assert_eq!(fs::read(path).unwrap(), right);
        assert_eq!(server.sent(), LENGTH - kept.len());
    }
}
