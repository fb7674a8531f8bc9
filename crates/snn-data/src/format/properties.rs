//! Properties of all formats: units and orders of columns are never guessed wrong in silence, and of a file
//! that is cut, the events before the cut are read.

use proptest::collection::vec;
use proptest::prelude::*;

use super::tests::rows;
use super::*;
use crate::events::{Event, SensorSize};

/// Whole times of sorted events on 34 x 34 pixels, in µs.
fn recordings() -> impl Strategy<Value = Events> {
    let event = (1..300_i64, 0..34_u16, 0..34_u16, any::<bool>());
    (0..3_000_i64, vec(event, 1..60)).prop_map(|(start, rows)| {
        let mut t = start;
        let event = |(step, x, y, p)| {
            t += step;
            Event { t, x, y, p }
        };
        let columns = rows.into_iter().map(event).collect();
        Events::from_columns(columns, SensorSize::new(34, 34)).unwrap()
    })
}

/// The tables that are written here.
#[derive(Debug, Clone, Copy)]
enum Table {
    Text,
    TextWithNames,
    NpyRows,
    NpyRowsByColumn,
    NpyRecord,
    Npz,
    #[cfg(feature = "hdf5")]
    Hdf5,
}

impl Table {
    fn all() -> Vec<Self> {
        vec![
            Self::Text,
            Self::TextWithNames,
            Self::NpyRows,
            Self::NpyRowsByColumn,
            Self::NpyRecord,
            Self::Npz,
            #[cfg(feature = "hdf5")]
            Self::Hdf5,
        ]
    }

    fn format(self) -> Format {
        match self {
            Self::Text | Self::TextWithNames => Format::Csv,
            Self::NpyRows | Self::NpyRowsByColumn | Self::NpyRecord => Format::Npy,
            Self::Npz => Format::Npz,
            #[cfg(feature = "hdf5")]
            Self::Hdf5 => Format::Hdf5,
        }
    }

    fn has_names(self) -> bool {
        !matches!(self, Self::Text | Self::NpyRows | Self::NpyRowsByColumn)
    }

    /// A file of numbers as f64, with columns in an order such as `xytp`.
    fn encode(self, events: &Events, order: &str, unit: TimeUnit) -> Vec<u8> {
        let time = |t: i64| match unit {
            TimeUnit::Nanoseconds => t as f64 * 1e3,
            TimeUnit::Microseconds => t as f64,
            TimeUnit::Milliseconds => t as f64 / 1e3,
            TimeUnit::Seconds => t as f64 / 1e6,
        };
        let value = |event: &Event, column: char| match column {
            't' => time(event.t),
            'x' => event.x.into(),
            'y' => event.y.into(),
            _ => f64::from(u8::from(event.p)),
        };
        let column = |name| events.iter().map(|event| value(&event, name)).collect::<Vec<f64>>();
        let bytes =
            |values: &[f64]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        let row = |event: Event| order.chars().map(move |name| value(&event, name));
        let by_row = || bytes(&events.iter().flat_map(row).collect::<Vec<f64>>());
        let n = events.len();
        match self {
            Self::Text | Self::TextWithNames => {
                let line = |event| row(event).map(|v| v.to_string()).collect::<Vec<_>>().join(",");
                let names = order.chars().map(String::from).collect::<Vec<_>>().join(",");
                let lines = events.iter().map(line);
                let head = self.has_names().then_some(names);
                head.into_iter().chain(lines).map(|line| line + "\n").collect::<String>().into()
            }
            Self::NpyRows => npy_file("'<f8'", "False", &format!("({n}, 4)"), &by_row()),
            Self::NpyRowsByColumn => {
                let columns: Vec<f64> = order.chars().flat_map(column).collect();
                npy_file("'<f8'", "True", &format!("({n}, 4)"), &bytes(&columns))
            }
            Self::NpyRecord => {
                let fields: Vec<_> =
                    order.chars().map(|name| format!("('{name}', '<f8')")).collect();
                npy_file(
                    &format!("[{}]", fields.join(", ")),
                    "False",
                    &format!("({n},)"),
                    &by_row(),
                )
            }
            Self::Npz => {
                let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
                for name in order.chars() {
                    let array =
                        npy_file("'<f8'", "False", &format!("({n},)"), &bytes(&column(name)));
                    archive
                        .start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default())
                        .unwrap();
                    std::io::Write::write_all(&mut archive, &array).unwrap();
                }
                archive.finish().unwrap().into_inner()
            }
            #[cfg(feature = "hdf5")]
            Self::Hdf5 => {
                let mut builder = hdf5_pure::FileBuilder::new();
                let mut group = builder.create_group("events");
                for name in order.chars() {
                    group.create_dataset(&name.to_string()).with_f64_data(&column(name));
                }
                builder.add_group(group.finish());
                builder.finish().unwrap()
            }
        }
    }
}

/// A npy file of version 1.
fn npy_file(dtype: &str, fortran_order: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let text =
        format!("{{'descr': {dtype}, 'fortran_order': {fortran_order}, 'shape': {shape}, }}");
    let length = (text.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", length.as_slice(), text.as_bytes(), data].concat()
}

const ORDERS: [&str; 3] = ["txyp", "xytp", "xypt"];

fn read(
    format: Format,
    bytes: &[u8],
    options: &Options,
) -> Result<Vec<(i64, u16, u16, u8)>, FormatError> {
    decode(format, bytes, options).map(|recording| match recording {
        Recording::Events(events) => rows(&events),
        Recording::Spikes(_) => panic!("spikes"),
    })
}

/// A file of events with the number of bytes that each event, with all before it, takes.
fn streamed(format: Format, events: &Events) -> (Vec<u8>, Vec<usize>) {
    let each = |events: &[Event], bytes: &dyn Fn(&Event) -> Vec<u8>, head: &[u8]| {
        let mut file = head.to_vec();
        let mut ends = Vec::new();
        for event in events {
            file.extend(bytes(event));
            ends.push(file.len());
        }
        (file, ends)
    };
    let all: Vec<Event> = events.iter().collect();
    let time = |event: &Event| (event.t as u32).to_be_bytes();
    match format {
        Format::AtisBin | Format::Bs2 => each(
            &all,
            &|event| {
                let [_, high, middle, low] = time(event);
                vec![event.x as u8, event.y as u8, u8::from(event.p) << 7 | high, middle, low]
            },
            b"",
        ),
        Format::Bs3 => each(
            &all,
            &|event| {
                let [_, high, middle, low] = time(event);
                let (x, y) = (event.x, event.y);
                let place = [(x >> 4) as u8, (x << 4) as u8 | (y >> 8) as u8, y as u8];
                [&place[..], &[event.p.into(), high, middle, low]].concat()
            },
            b"",
        ),
        Format::Aedat1 => each(
            &all,
            &|event| {
                let address = event.y << 8 | event.x << 1 | u16::from(!event.p);
                [&address.to_be_bytes()[..], &time(event)].concat()
            },
            b"#!AER-DAT1.0\r\n",
        ),
        Format::Dat => each(
            &all,
            &|event| {
                let place =
                    u32::from(event.x) | u32::from(event.y) << 14 | u32::from(event.p) << 28;
                [(event.t as u32).to_le_bytes(), place.to_le_bytes()].concat()
            },
            b"% Data file containing CD events\n% Version 2\n% Width 34\n% Height 34\n\x0c\x08",
        ),
        _ => {
            let end = |n| encode(format, &events.slice(0..n)).unwrap().len();
            (encode(format, events).unwrap(), (1..=events.len()).map(end).collect())
        }
    }
}

const STREAMED: [Format; 8] = [
    Format::AtisBin,
    Format::Bs2,
    Format::Bs3,
    Format::Aedat1,
    Format::Aedat2,
    Format::Dat,
    Format::Evt2,
    Format::EventStream,
];

proptest! {
    #[test]
    fn units_and_orders_are_read_or_refused(
        events in recordings(),
        table in prop::sample::select(Table::all()),
        order in prop::sample::select(&ORDERS[..]),
        unit in prop::sample::select(&TimeUnit::ALL[..]),
    ) {
        let bytes = table.encode(&events, order, unit);
        let columns = (!table.has_names()).then(|| order.parse().unwrap());
        let given = Options { columns, time_unit: Some(unit), ..Options::default() };
        prop_assert_eq!(read(table.format(), &bytes, &given).unwrap(), rows(&events));
        // Whole nanoseconds cannot be told from µs.
        if unit == TimeUnit::Nanoseconds {
            return Ok(());
        }
        match read(table.format(), &bytes, &Options::default()) {
            Ok(read) => {
                let scale = if unit == TimeUnit::Milliseconds { 1000 } else { 1_000_000 };
                let whole = events.t().iter().all(|t| t % scale == 0);
                prop_assert!(unit == TimeUnit::Microseconds || whole, "{:?} {}", table, unit);
                if unit == TimeUnit::Microseconds {
                    prop_assert_eq!(read, rows(&events), "{:?} {}", table, order);
                }
            }
            Err(refusal) => {
                let problem = refusal.problem;
                let remedy = problem.contains("Options::time_unit") || problem.contains("Options::columns");
                prop_assert!(remedy, "{:?} {} {}: {}", table, order, unit, problem);
                prop_assert!(unit != TimeUnit::Microseconds || !table.has_names(), "{}", problem);
            }
        }
    }

    /// Of one order that was chosen without names, the time does not fall in another one that fits.
    #[test]
    fn long_recordings_are_in_one_order_only(
        events in recordings().prop_filter("long", |events| events.len() > 20),
        table in prop::sample::select(vec![Table::Text, Table::NpyRows, Table::NpyRowsByColumn]),
        order in prop::sample::select(&ORDERS[..]),
    ) {
        // Twenty columns of random pixels do not rise.
        let bytes = table.encode(&events, order, TimeUnit::Microseconds);
        prop_assert_eq!(read(table.format(), &bytes, &Options::default()).unwrap(), rows(&events));
    }

    #[test]
    fn events_before_a_cut_are_read(
        events in recordings(),
        format in prop::sample::select(&STREAMED[..]),
        cut in any::<prop::sample::Index>(),
        chunk in 1..300_usize,
    ) {
        let (bytes, ends) = streamed(format, &events);
        let start = bytes.len() - (bytes.len() - ends[0]).max(1);
        let cut = start + cut.index(bytes.len() - start) + 1;
        let whole = ends.iter().filter(|end| **end <= cut).count();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recording");
        std::fs::write(&path, &bytes[..cut]).unwrap();
        let sensor = Some(SensorSize::new(34, 34));
        let options = Options { format: Some(format), sensor, ..Options::default() };
        let mut read = Vec::new();
        let mut errors = 0;
        for piece in stream_with(&path, &options, chunk).unwrap() {
            match piece {
                Ok(piece) => {
                    prop_assert_eq!(errors, 0);
                    read.extend(rows(&piece));
                }
                Err(_) => errors += 1,
            }
        }
        prop_assert_eq!(&read, &rows(&events.slice(0..whole)), "{} {}", format, cut);
        prop_assert!(errors <= 1);
        // What is broken is never read as a whole in silence.
        if errors == 1 {
            prop_assert!(read_with(&path, &options).is_err());
        }
    }
}
