use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

const CONTENT: &[u8] = b"spikes";

fn pack(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn resource(server: &str) -> Resource {
    Resource {
        path: "set/file".into(),
        url: format!("{server}/file.gz"),
        sha256: "3afe33347d9931bbf9ab4db4a22f9f2041bdcb4a1dc6e1cadc1548c238174bd6",
    }
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    fs::create_dir_all(folder.join("set")).unwrap();
    fs::write(folder.join("set").join(name), bytes).unwrap();
}

#[test]
fn a_file_is_read_packed_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let resource = resource("http://nowhere");
    write(folder.path(), "file.gz", &pack(CONTENT));
    let (path, content) = resource.read(folder.path()).unwrap();
    assert_eq!((path, content.as_slice()), (folder.path().join("set/file.gz"), CONTENT));
    write(folder.path(), "file", b"unpacked");
    let (path, content) = resource.read(folder.path()).unwrap();
    assert_eq!(
        (path, content.as_slice()),
        (folder.path().join("set/file"), b"unpacked".as_slice())
    );
}

#[test]
fn without_a_file_the_error_says_where_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let error = resource("http://nowhere").read(folder.path()).unwrap_err();
    assert!(matches!(error, DataError::Missing { .. }));
    let path = folder.path().join("set/file");
    let expected = format!(
        "there is neither {0} nor {0}.gz; it can be downloaded from http://nowhere/file.gz",
        path.display()
    );
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_packed_file_that_is_cut_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let packed = pack(CONTENT);
    write(folder.path(), "file.gz", &packed[..packed.len() - 3]);
    let error = resource("http://nowhere").read(folder.path()).unwrap_err();
    assert!(matches!(error, DataError::File { .. }) && error.to_string().contains("set/file.gz"));
}

#[cfg(feature = "download")]
mod download {
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;
    use std::thread::{self, JoinHandle};

    use super::*;

    /// A server that gives one answer, and returns the first line that it was asked.
    fn serve(status: &str, length: usize, body: Vec<u8>) -> (String, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n");
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap();
            while !lines.next().unwrap().unwrap().is_empty() {}
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&body).unwrap();
            first
        });
        (address, server)
    }

    fn refusal(status: &str, length: usize, body: Vec<u8>) -> DataError {
        let folder = tempfile::tempdir().unwrap();
        let (address, server) = serve(status, length, body);
        let error = resource(&address).download(folder.path()).unwrap_err();
        server.join().unwrap();
        assert!(error.to_string().contains(&address), "{error}");
        let left = fs::read_dir(folder.path().join("set")).unwrap().count();
        assert_eq!(left, 0, "something was kept after: {error}");
        error
    }

    #[test]
    fn the_right_content_is_kept_and_not_asked_for_again() {
        let folder = tempfile::tempdir().unwrap();
        let packed = pack(CONTENT);
        let (address, server) = serve("200 OK", packed.len(), packed.clone());
        let resource = resource(&address);
        resource.download(folder.path()).unwrap();
        assert_eq!(server.join().unwrap(), "GET /file.gz HTTP/1.1");
        assert_eq!(resource.read(folder.path()).unwrap().1, CONTENT);
        let files: Vec<_> = fs::read_dir(folder.path().join("set")).unwrap().flatten().collect();
        assert_eq!(files.len(), 1);
        // Nobody listens any more.
        resource.download(folder.path()).unwrap();
    }

    #[test]
    fn other_content_is_refused() {
        let packed = pack(b"spices");
        let error = refusal("200 OK", packed.len(), packed);
        assert!(matches!(error, DataError::Hash { .. }));
        assert!(error.to_string().contains(resource("").sha256), "{error}");
    }

    #[test]
    fn a_page_an_error_and_half_a_file_are_refused() {
        let page = b"<html>Log in first</html>".to_vec();
        let packed = pack(CONTENT);
        for error in [
            refusal("200 OK", page.len(), page),
            refusal("404 Not Found", 0, Vec::new()),
            refusal("200 OK", packed.len(), packed[..9].to_vec()),
        ] {
            assert!(matches!(error, DataError::Download { .. }), "{error}");
        }
    }

    #[test]
    fn without_a_server_there_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = resource(&format!("http://{closed}")).download(folder.path()).unwrap_err();
        assert!(matches!(error, DataError::Download { .. }), "{error}");
    }
}
