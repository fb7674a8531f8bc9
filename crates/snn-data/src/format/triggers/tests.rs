use proptest::prelude::*;

use super::*;
use crate::events::{Trigger, TriggerKind};
use crate::format::aedat4::tests::{Field, buffer, file, lz4, packet as events_packet};
use crate::format::damage::damaged;
use crate::format::tests::events;

fn bytes<const N: usize>(header: &str, words: impl IntoIterator<Item = [u8; N]>) -> Vec<u8> {
    header.bytes().chain(words.into_iter().flatten()).collect()
}

fn evt2(words: &[u32]) -> Vec<u8> {
    bytes("% evt 2.0\n% end\n", words.iter().map(|word| word.to_le_bytes()))
}

fn evt21(words: &[u64], swapped: bool) -> Vec<u8> {
    let word = |word: &u64| if swapped { word.rotate_left(32) } else { *word }.to_le_bytes();
    bytes("% evt 2.1\n% end\n", words.iter().map(word))
}

fn evt3(words: &[u16]) -> Vec<u8> {
    bytes("% evt 3.0\n% end\n", words.iter().map(|word| word.to_le_bytes()))
}

/// Triggers of a file without damage.
fn undamaged(format: Format, bytes: &[u8]) -> Triggers {
    let (triggers, damage) = decode_triggers(format, bytes).unwrap();
    assert_eq!(damage, None);
    triggers
}

/// The damage of a file, in its header or after some triggers.
fn damage(format: Format, bytes: &[u8]) -> FormatError {
    decode_triggers(format, bytes).map_or_else(|error| error, |(_, damage)| damage.unwrap())
}

type Row = (i64, u8, TriggerKind);

fn rows(triggers: &Triggers) -> Vec<Row> {
    triggers.iter().map(|Trigger { t, channel, kind }| (t, channel, kind)).collect()
}

use TriggerKind::{FallingEdge, RisingEdge};

#[test]
fn fields_of_evt2() {
    // Before the time is known; then 2 · 64 + 63 µs, input 31; bits without a meaning are set.
    let words = [0xa000_0001, 0x8000_0002, 0xa << 28 | 63 << 22 | 31 << 8 | 1, 0xa03f_e0fe];
    let read = undamaged(Format::Evt2, &evt2(&words));
    assert_eq!(rows(&read), [(191, 31, RisingEdge), (128, 0, FallingEdge)]);
    assert_eq!((read.channel(), read.kind()), (&[31, 0][..], &[RisingEdge, FallingEdge][..]));
}

#[test]
fn fields_of_evt21_in_both_orders_of_halves() {
    let time = 8 << 60 | 2 << 32;
    let words = [time, 0xa << 60 | 3 << 54 | 5 << 40 | 1 << 32, 0xa << 60 | 0xffff_ffff];
    for swapped in [true, false] {
        let read = undamaged(Format::Evt21, &evt21(&words, swapped));
        assert_eq!(rows(&read), [(131, 5, RisingEdge), (128, 0, FallingEdge)]);
    }
}

#[test]
fn fields_of_evt3() {
    // Before the time is known; then 4096 + 2 µs, input 15; bits without a meaning are set.
    let words = [0xa001, 0x6003, 0x8001, 0x6002, 0xaf01, 0x2805, 0x8001, 0xa0fe, 0x8002, 0xa101];
    let read = undamaged(Format::Evt3, &evt3(&words));
    let expected = [(4098, 15, RisingEdge), (4098, 0, FallingEdge), (8192, 1, RisingEdge)];
    assert_eq!(rows(&read), expected);
}

#[test]
fn other_formats_name_those_with_triggers() {
    let error = decode_triggers(Format::Dat, &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "byte 0: expected a format with triggers (EVT 2.0, EVT 2.1, EVT 3.0, AEDAT 4.0), found DAT"
    );
    assert!(!Format::Dat.has_triggers() && Format::Evt21.has_triggers());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording.csv");
    std::fs::write(&path, "t,x,y,p\n").unwrap();
    let error = read_triggers(&path, &Options::default()).unwrap_err().to_string();
    assert!(error.contains("recording.csv") && error.contains("found CSV"), "{error}");
}

#[test]
fn headers_of_other_formats_and_cut_words_are_named() {
    let error = decode_triggers(Format::Evt2, &evt3(&[])).unwrap_err();
    assert_eq!(error.problem, "expected EVT 2.0, but the header states EVT 3.0");
    let whole = evt3(&[0x8000, 0xa001]);
    let error = damage(Format::Evt3, &whole[..whole.len() - 1]);
    assert_eq!(error.offset, whole.len() - 2);
    let short = &evt21(&[8 << 60], false)[..20];
    assert_eq!(damage(Format::Evt21, short).offset, 16);
    for (format, empty) in
        [(Format::Evt2, evt2(&[])), (Format::Evt21, evt21(&[], false)), (Format::Evt3, evt3(&[]))]
    {
        assert!(undamaged(format, &empty).is_empty());
    }
}

/// Something in a stream.
#[derive(Debug, Clone)]
enum Step {
    /// Time goes on by so many µs.
    Wait(i64),
    Event,
    Trigger(u8, bool),
    /// A word without a meaning here.
    Other,
}

/// Steps, of which the times go on by less than half of the range of the counter.
fn steps(longest: i64) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        prop_oneof![0..200_i64, 0..longest].prop_map(Step::Wait),
        Just(Step::Event),
        (0..16_u8, any::<bool>()).prop_map(|(channel, level)| Step::Trigger(channel, level)),
        Just(Step::Other),
    ];
    prop::collection::vec(step, 0..60)
}

/// The times of the events, and the triggers. Without a time before them, there are none; a counter
/// begins with what is left of the first time by its range.
fn expected(steps: &[Step], first: i64, range: i64) -> (Vec<i64>, Vec<Row>) {
    let (mut t, mut known) = (first % range, false);
    let (mut events, mut triggers) = (Vec::new(), Vec::new());
    for step in steps {
        match step {
            Step::Wait(time) => {
                t += time;
                if !known {
                    t %= range;
                }
                known = true;
            }
            Step::Event if known => events.push(t),
            Step::Trigger(channel, level) if known => {
                triggers.push((t, *channel, if *level { RisingEdge } else { FallingEdge }));
            }
            _ => {}
        }
    }
    (events, triggers)
}

/// Words of the upper halves of EVT 2.1, which are those of EVT 2.0.
fn heads(steps: &[Step], first: i64) -> Vec<u32> {
    let mut t = first;
    let mut words = Vec::new();
    for step in steps {
        let low = (t as u32 & 0x3f) << 22;
        match step {
            Step::Wait(time) => {
                t += time;
                words.push(8 << 28 | (t >> 6) as u32 & 0x0fff_ffff);
            }
            Step::Event => words.push(1 << 28 | low | 3 << 11 | 4),
            Step::Trigger(channel, level) => {
                words.push(0xa << 28 | low | u32::from(*channel) << 8 | u32::from(*level));
            }
            Step::Other => words.extend([0xe000_0001, 0xffff_ffff]),
        }
    }
    words
}

fn evt3_words(steps: &[Step], first: i64) -> Vec<u16> {
    let mut t = first;
    let mut words = vec![4];
    for step in steps {
        match step {
            Step::Wait(time) => {
                t += time;
                let half = |bits: i64| (bits & 0xfff) as u16;
                words.extend([0x8000 | half(t >> 12), 0x6000 | half(t)]);
            }
            Step::Event => words.push(0x2803),
            Step::Trigger(channel, level) => {
                words.push(0xa000 | u16::from(*channel) << 8 | u16::from(*level));
            }
            Step::Other => words.extend([0x7001, 0xe123, 0xf456, 0x9abc]),
        }
    }
    words
}

proptest! {
    #[test]
    fn evt2_and_evt21_streams(steps in steps((1 << 33) - 64), first in 0..1_i64 << 40) {
        let (times, triggers) = expected(&steps, first, 1 << 34);
        let heads = heads(&steps, first);
        let file = evt2(&heads);
        let read = undamaged(Format::Evt2, &file);
        prop_assert_eq!(rows(&read), &triggers[..]);
        let read = events(Format::Evt2, &file).unwrap();
        prop_assert_eq!(read.t(), &times[..]);
        // One pixel a word. A file begins with a time, by which the order of halves is found.
        let words: Vec<u64> = heads.iter().map(|head| u64::from(*head) << 32 | 1).collect();
        for swapped in [false, true] {
            let order = if swapped { "legacy" } else { "little" };
            let header = format!("% evt 2.1\n% endianness {order}\n% end\n");
            let word = |word: &u64| if swapped { word.rotate_left(32) } else { *word }.to_le_bytes();
            let file = bytes(&header, words.iter().map(word));
            let read = undamaged(Format::Evt21, &file);
            prop_assert_eq!(rows(&read), &triggers[..]);
            let read = events(Format::Evt21, &file).unwrap();
        prop_assert_eq!(read.t(), &times[..]);
        }
    }

    #[test]
    fn evt3_streams(steps in steps((1 << 23) - 4096), first in 0..1_i64 << 30) {
        let (times, triggers) = expected(&steps, first, 1 << 24);
        let file = evt3(&evt3_words(&steps, first));
        let read = undamaged(Format::Evt3, &file);
        prop_assert_eq!(rows(&read), triggers);
        let read = events(Format::Evt3, &file).unwrap();
        prop_assert_eq!(read.t(), &times[..]);
    }
}

const STREAMS: &str = r#"<dv version="2.0"><node name="outInfo" path="/">
    <node name="0"><attr key="typeIdentifier" type="string">EVTS</attr></node>
    <node name="3"><attr key="typeIdentifier" type="string">TRIG</attr></node>
    <node name="2"><attr key="typeIdentifier" type="string">TRIG</attr></node>
</node></dv>"#;

/// A packet of triggers. As FlatBuffers has it, a field that is 0 is left out.
fn packet(triggers: &[(i64, i8)]) -> Vec<u8> {
    let mut offsets = Vec::new();
    let mut tables = Vec::new();
    for (index, (t, number)) in triggers.iter().enumerate() {
        // The list of fields: its size, that of the table, where t and the type are.
        let at = |is_there: bool, at: u16| if is_there { at } else { 0 };
        let fields = [8_u16, 16, at(*t != 0, 4), at(*number != 0, 12)];
        let table = 4 * triggers.len() + tables.len() + 8;
        offsets.extend((table as u32 - 4 * index as u32).to_le_bytes());
        tables.extend(fields.iter().flat_map(|field| field.to_le_bytes()));
        tables.extend(8_i32.to_le_bytes());
        tables.extend(t.to_le_bytes());
        tables.extend([*number as u8, 0, 0, 0]);
    }
    let content = [offsets, tables].concat();
    buffer(b"TRIG", &[Field::List(triggers.len() as u32, content)])
}

#[test]
fn aedat4_triggers_of_the_lowest_stream() {
    let rows_of = |bytes: &[u8]| rows(&undamaged(Format::Aedat4, bytes));
    let packets = [
        (0, lz4(&events_packet(&[(7, 1, 2, 1)]))),
        (2, lz4(&packet(&[(1 << 50, 1), (0, 2)]))),
        (3, lz4(&packet(&[(9, 3)]))),
        (2, lz4(&buffer(b"TRIG", &[]))),
        (2, lz4(&packet(&[(-5, 9), (6, 0)]))),
    ];
    assert_eq!(
        rows_of(&file(1, STREAMS, &packets)),
        [
            (1 << 50, 0, RisingEdge),
            (0, 0, FallingEdge),
            (-5, 0, TriggerKind::ExposureEnd),
            (6, 0, TriggerKind::TimestampReset)
        ]
    );
    let all: Vec<(i64, i8)> = (0..11).map(|number| (i64::from(number) + 1, number)).collect();
    let kinds = undamaged(Format::Aedat4, &file(0, STREAMS, &[(2, packet(&all))]));
    assert_eq!(
        kinds.kind(),
        [
            TriggerKind::TimestampReset,
            RisingEdge,
            FallingEdge,
            TriggerKind::Pulse,
            TriggerKind::GeneratorRisingEdge,
            TriggerKind::GeneratorFallingEdge,
            TriggerKind::FrameStart,
            TriggerKind::FrameEnd,
            TriggerKind::ExposureStart,
            TriggerKind::ExposureEnd,
            TriggerKind::Other(10),
        ]
    );
    assert!(rows_of(&file(0, &STREAMS.replace("TRIG", "IMUS"), &[])).is_empty());
}

#[test]
fn wrong_aedat4_triggers_are_named() {
    let error = |bytes: &[u8]| damage(Format::Aedat4, bytes);
    let whole = file(0, STREAMS, &[(2, packet(&[(5, 1)]))]);
    let start = whole.len() - b"a table".len() - packet(&[(5, 1)]).len() - 8;
    assert_eq!(error(&whole[..20]).problem, "the file ends within its header");
    assert_eq!(error(&whole[..start + 20]).offset, start);
    // Of a recorder that was stopped, what comes before the cut.
    let two = file(0, STREAMS, &[(2, packet(&[(5, 1)])), (2, packet(&[(9, 2)]))]);
    let (before, damage) = decode_triggers(Format::Aedat4, &two[..two.len() - 12]).unwrap();
    assert_eq!(rows(&before), [(5, 0, RisingEdge)]);
    assert!(damage.unwrap().problem.contains("ends too early"));
    let other = error(&file(0, STREAMS, &[(2, events_packet(&[(5, 0, 0, 0)]))]));
    assert_eq!(other.problem, "expected a packet of triggers");
    // A list that is longer than its packet; a trigger beyond its end.
    let mut long = packet(&[(5, 1)]);
    let list = long.len() - 24 - 4 - 4;
    long[list] = 200;
    assert!(error(&file(0, STREAMS, &[(2, long)])).problem.contains("longer than its packet"));
    let mut beyond = packet(&[(5, 1)]);
    beyond[list + 4] = 250;
    assert!(error(&file(0, STREAMS, &[(2, beyond)])).problem.contains("beyond the end"));
}

#[test]
fn damaged_files_give_an_error_or_triggers() {
    let steps = [Step::Wait(70), Step::Trigger(3, true), Step::Event, Step::Other];
    let steps: Vec<Step> = steps.into_iter().cycle().take(200).collect();
    let heads = heads(&steps, 0);
    let triggers: Vec<(i64, i8)> = (0..40).map(|n| (i64::from(n), n as i8 % 10)).collect();
    let files = [
        (Format::Evt2, evt2(&heads)),
        (
            Format::Evt21,
            evt21(&heads.iter().map(|w| u64::from(*w) << 32).collect::<Vec<_>>(), true),
        ),
        (Format::Evt3, evt3(&evt3_words(&steps, 0))),
        (Format::Aedat4, file(0, STREAMS, &[(2, packet(&triggers)), (2, packet(&triggers))])),
        (Format::Aedat4, file(1, STREAMS, &[(2, lz4(&packet(&triggers)))])),
    ];
    for (format, file) in files {
        for copy in damaged(&file, 3000) {
            if let Ok((triggers, _)) = decode_triggers(format, &copy) {
                assert!(triggers.len() <= copy.len(), "{format}: {}", triggers.len());
            }
        }
    }
}
