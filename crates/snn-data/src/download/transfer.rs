//! One file on its way here, by HTTP (RFC 9110), in as many pieces as it takes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use ureq::http::{Response, StatusCode, header};
use ureq::{Agent, Body};

use crate::DataError;
use crate::replace::replace;

/// How long a server may be silent.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often in a row a connection may fail without a byte more than before.
const FAILURES: u32 = 4;

/// A file on its way.
pub(super) struct Transfer<'a> {
    url: &'a str,
    /// What has come.
    pub(super) part: PathBuf,
    /// What the server calls the version that this is a part of.
    version: PathBuf,
    agent: Agent,
    report: &'a dyn Fn(u64, Option<u64>),
}

impl<'a> Transfer<'a> {
    /// A transfer that reports the bytes that are there, and all of them.
    pub(super) fn new(url: &'a str, to: &Path, report: &'a dyn Fn(u64, Option<u64>)) -> Self {
        let config = Agent::config_builder()
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_per_read(Some(PATIENCE))
            .http_status_as_error(false)
            // Ranges count the bytes of the file, not those of another packing of it.
            .accept_encoding("identity")
            .build();
        let part = to.with_added_extension("part");
        let version = part.with_added_extension("version");
        Self { url, part, version, agent: Agent::new_with_config(config), report }
    }

    /// Transfers what is not there yet. A cut connection is tried again.
    pub(super) fn run(&self, pause: Duration) -> Result<(), DataError> {
        let (mut furthest, mut failures) = (0, 0);
        while let Some(cut) = self.attempt()? {
            let done = fs::metadata(&self.part).map_or(0, |part| part.len());
            if done > furthest {
                (furthest, failures) = (done, 0);
            }
            failures += 1;
            if failures == FAILURES {
                return Err(self.refused(cut));
            }
            thread::sleep(pause * (1 << (failures - 1)));
        }
        Ok(())
    }

    /// Forgets what has come.
    pub(super) fn clear(&self) {
        // What cannot be removed is found to be of no use later.
        let _ = fs::remove_file(&self.version);
        let _ = fs::remove_file(&self.part);
    }

    /// Transfers until the file is whole, or says why that was cut.
    fn attempt(&self) -> Result<Option<io::Error>, DataError> {
        let open = || {
            let mut options = OpenOptions::new();
            let mut part = options.create(true).truncate(false).write(true).open(&self.part)?;
            let length = part.seek(SeekFrom::End(0))?;
            Ok((part, length))
        };
        let (mut part, mut done) = open().map_err(|source| self.unwritten(source))?;
        // Without a version nobody knows whether the rest belongs to what is there.
        let version = fs::read_to_string(&self.version).ok().filter(|_| done > 0);
        let mut request = self.agent.get(self.url);
        if let Some(version) = &version {
            request = request.header(header::RANGE, format!("bytes={done}-"));
            request = request.header(header::IF_RANGE, version);
        }
        let response = match request.call() {
            Ok(response) => response,
            Err(error) => return Ok(Some(error.into_io())),
        };
        let range = content_range(&response);
        let total = match (response.status(), version) {
            (StatusCode::PARTIAL_CONTENT, Some(version))
                if range.start == Some(done)
                    && validator(&response).is_none_or(|now| now == version) =>
            {
                range.total
            }
            // Nothing is left to send.
            (StatusCode::RANGE_NOT_SATISFIABLE, Some(_)) if range.total == Some(done) => {
                (self.report)(done, range.total);
                return Ok(None);
            }
            (StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE, Some(_)) => {
                self.start(&mut part, None).map_err(|source| self.unwritten(source))?;
                return self.attempt();
            }
            (StatusCode::OK, _) => {
                let version = validator(&response);
                self.start(&mut part, version).map_err(|source| self.unwritten(source))?;
                done = 0;
                response.body().content_length()
            }
            (status, _) => {
                return Err(self.refused(io::Error::other(format!("HTTP status {status}"))));
            }
        };
        (self.report)(done, total);
        let mut body = response.into_body().into_reader();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Ok(Some(error)),
            };
            part.write_all(&buffer[..read]).map_err(|source| self.unwritten(source))?;
            done += read as u64;
            (self.report)(done, total);
        }
        if total.is_some_and(|total| done < total) {
            return Ok(Some(ErrorKind::UnexpectedEof.into()));
        }
        part.sync_all().map_err(|source| self.unwritten(source))?;
        Ok(None)
    }

    /// Starts over with a version.
    fn start(&self, part: &mut File, version: Option<&str>) -> io::Result<()> {
        // In this order: at no time is there a part with the name of another version.
        part.set_len(0)?;
        part.rewind()?;
        match version {
            Some(version) => replace(&self.version, version.as_bytes()),
            None => match fs::remove_file(&self.version) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
        }
    }

    fn unwritten(&self, source: io::Error) -> DataError {
        DataError::File { path: self.part.clone(), source }
    }

    fn refused(&self, source: io::Error) -> DataError {
        DataError::Download { url: self.url.into(), source: Box::new(source) }
    }
}

/// What `Content-Range` says: `bytes 2-5/6`, or `bytes */6`.
#[derive(Debug, Default, PartialEq, Eq)]
struct ContentRange {
    start: Option<u64>,
    total: Option<u64>,
}

fn content_range(response: &Response<Body>) -> ContentRange {
    let parse = || {
        let value = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
        let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
        let start = range.split_once('-').and_then(|(start, _)| start.parse().ok());
        Some(ContentRange { start, total: total.parse().ok() })
    };
    parse().unwrap_or_default()
}

/// What tells versions of a file apart, if the server says something that does: an entity tag, though not a
/// weak one, which other bytes may share, or else the time of the last change.
fn validator(response: &Response<Body>) -> Option<&str> {
    let value = |name| response.headers().get(name)?.to_str().ok();
    let strong = |tag: &&str| tag.starts_with('"');
    value(header::ETAG).filter(strong).or_else(|| value(header::LAST_MODIFIED))
}
