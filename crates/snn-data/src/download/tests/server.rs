//! A small HTTP server on loopback with the faults that servers and networks have.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// What it does with a request for a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ranges {
    /// What RFC 9110 asks for.
    Right,
    /// Sends the whole file.
    Ignored,
    /// Sends the range even if the file is another now.
    OfAnyVersion,
    /// Sends another range than was asked for.
    Shifted,
}

/// What it does. May be changed between requests.
pub struct Behaviour {
    pub content: Vec<u8>,
    /// Header that tells the version: name and value.
    pub version: Option<(&'static str, &'static str)>,
    pub ranges: Ranges,
    /// After how many bytes the next connections are cut.
    pub cuts: VecDeque<usize>,
    /// In place of an answer.
    pub refusal: Option<&'static str>,
    /// Stops after half of what is to be sent.
    pub hold: bool,
    pub requests: Vec<Request>,
}

/// A request, and how many bytes of the file it got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub from: Option<usize>,
    pub if_range: Option<String>,
    pub sent: usize,
}

pub struct Server {
    pub url: &'static str,
    behaviour: Arc<Mutex<Behaviour>>,
}

impl Server {
    /// Serves a file under any path, until the process ends.
    pub fn start(content: &[u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/file", listener.local_addr().unwrap()).leak();
        let behaviour = Arc::new(Mutex::new(Behaviour {
            content: content.to_vec(),
            version: Some(("ETag", "\"one\"")),
            ranges: Ranges::Right,
            cuts: VecDeque::new(),
            refusal: None,
            hold: false,
            requests: Vec::new(),
        }));
        let shared = behaviour.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let behaviour = shared.clone();
                thread::spawn(move || answer(stream.unwrap(), &behaviour));
            }
        });
        Self { url, behaviour }
    }

    pub fn behaviour(&self) -> MutexGuard<'_, Behaviour> {
        self.behaviour.lock().unwrap()
    }

    /// Bytes of the file that were sent, in all.
    pub fn sent(&self) -> usize {
        self.behaviour().requests.iter().map(|request| request.sent).sum()
    }
}

fn answer(mut stream: TcpStream, behaviour: &Mutex<Behaviour>) {
    let (mut from, mut if_range) = (None, None);
    for line in BufReader::new(stream.try_clone().unwrap()).lines() {
        let line = line.unwrap();
        match line.to_lowercase().split_once(": ") {
            Some(("range", range)) => {
                let start = range.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap();
                from = Some(start.parse::<usize>().unwrap());
            }
            Some(("if-range", _)) => if_range = Some(line["if-range: ".len()..].to_string()),
            _ if line.is_empty() => break,
            _ => {}
        }
    }
    let (head, body) = {
        let mut now = behaviour.lock().unwrap();
        let whole = now.content.len();
        let fits = now.ranges != Ranges::Right
            || if_range.as_deref() == now.version.map(|(_, version)| version);
        let version = now.version.map(|(name, value)| format!("{name}: {value}\r\n"));
        let version = version.unwrap_or_default();
        let (status, start) = match from.filter(|_| fits && now.ranges != Ranges::Ignored) {
            _ if now.refusal.is_some() => (now.refusal.unwrap().to_string(), whole),
            Some(from) if from >= whole => {
                (format!("416 Range Not Satisfiable\r\nContent-Range: bytes */{whole}"), whole)
            }
            Some(from) => {
                let start = if now.ranges == Ranges::Shifted { from + 1 } else { from };
                let range = format!("bytes {start}-{}/{whole}", whole - 1);
                (format!("206 Partial Content\r\nContent-Range: {range}"), start)
            }
            None => ("200 OK".into(), 0),
        };
        let head = format!(
            "HTTP/1.1 {status}\r\n{version}Content-Length: {}\r\nConnection: close\r\n\r\n",
            whole - start
        );
        let cut = now.cuts.pop_front().unwrap_or(usize::MAX);
        let body = now.content[start..][..cut.min(whole - start)].to_vec();
        now.requests.push(Request { from, if_range, sent: body.len() });
        (head, body)
    };
    // The other side may give up at any time.
    let _ = stream.write_all(head.as_bytes());
    let (first, second) = body.split_at(body.len() / 2);
    let _ = stream.write_all(first);
    while behaviour.lock().unwrap().hold {
        thread::sleep(Duration::from_millis(5));
    }
    let _ = stream.write_all(second);
}
