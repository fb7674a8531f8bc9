//! Statements of comments: the size of the sensor, the unit of the times.

use crate::events::SensorSize;
use crate::format::TimeUnit;

/// The size of the sensor, if the comment states nothing else: `geometry:1280,720`, `sensor size: 346x260`,
/// `resolution: width=346, height=260`. Two numbers whose order is not clear are none.
pub(super) fn sensor(text: &str) -> Option<SensorSize> {
    let lower = text.to_lowercase();
    let rest =
        ["geometry", "sensor", "resolution"].iter().find_map(|key| lower.strip_prefix(key))?;
    let rest = rest.trim_start_matches([' ', '_', ':', '=']);
    let rest =
        rest.strip_prefix("size").or_else(|| rest.strip_prefix("resolution")).unwrap_or(rest);
    let words: Vec<&str> = rest
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let pixels = |word: &str| word.parse::<u32>().ok();
    let (width, height) = match words.as_slice() {
        ["width", width, "height", height] | ["height", height, "width", width] => {
            (*width, *height)
        }
        [width, "x", height] | [width, height] => (*width, *height),
        [size] => size.split_once('x')?,
        _ => return None,
    };
    sensor_of(pixels(width)?, pixels(height)?)
}

/// A sensor whose pixels have numbers of 16 bits.
pub(super) fn sensor_of(width: u32, height: u32) -> Option<SensorSize> {
    let fits = |side: u32| (1..=1 << 16).contains(&side);
    (fits(width) && fits(height)).then(|| SensorSize::new(width, height))
}

/// The unit of the times in a clause of its own: `time unit: ns`, `timestamps in us`, `Timestamps tick is 1
/// us`.
///
/// # Errors
///
/// The clause states a unit that is not known, such as `times in ticks`.
pub(super) fn unit(text: &str) -> Result<Option<TimeUnit>, String> {
    for clause in text.to_lowercase().split([';', ',', '.']) {
        let mut words = clause
            .split(|letter: char| !letter.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .peekable();
        let times = ["time", "times", "timestamp", "timestamps"];
        if words.next_if(|word| times.contains(word)).is_none() {
            continue;
        }
        let (mut stated, mut ticks) = (false, false);
        while let Some(word) = words.next_if(|word| {
            matches!(*word, "unit" | "units" | "tick" | "ticks" | "in" | "is" | "are" | "1")
        }) {
            stated |= matches!(word, "unit" | "units" | "in");
            ticks = matches!(word, "tick" | "ticks");
        }
        match (words.next().map(str::parse), words.next()) {
            (Some(Ok(unit)), None) => return Ok(Some(unit)),
            (next, _) if stated && (next.is_some() || ticks) => {
                return Err(format!(
                    "expected a unit of the times, s, ms, us or ns, found the comment {:?}; state the unit \
                     with Options::time_unit",
                    clause.trim()
                ));
            }
            _ => {}
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensors() {
        for text in [
            "geometry:1280,720",
            "geometry 1280x720",
            "Sensor size: 1280 x 720",
            "resolution=1280,720",
            "sensor_resolution: (1280, 720)",
            "geometry: height=720, width=1280",
            "Geometry: width 1280 height 720",
        ] {
            assert_eq!(sensor(text), Some(SensorSize::new(1280, 720)), "{text}");
        }
        for text in [
            "geometry: unknown",
            "1280 x 720",
            "sensor 0x0",
            "sensor: DVS128 rev 2",
            "resolution (height x width): 260x346",
            "sensor DAVIS346 346x260",
        ] {
            assert_eq!(sensor(text), None, "{text}");
        }
    }

    #[test]
    fn units() {
        for (text, found) in [
            ("time unit: ns", Some(TimeUnit::Nanoseconds)),
            ("t, x, y, p; times in ms", Some(TimeUnit::Milliseconds)),
            ("Timestamps tick is 1 us", Some(TimeUnit::Microseconds)),
            ("timestamp [s]", Some(TimeUnit::Seconds)),
            ("timestamps are in seconds", Some(TimeUnit::Seconds)),
            ("time step 10 us", None),
            ("Creation time: 01:00PM", None),
            ("recorded in seconds", None),
            ("Start time (s): 12", None),
            ("Exposure time in ms: 10", None),
            ("time is money", None),
        ] {
            assert_eq!(unit(text), Ok(found), "{text}");
        }
        for text in ["time unit: min", "timestamps in 10 us", "t, x, y, p; times in ticks"] {
            assert!(unit(text).unwrap_err().contains("Options::time_unit"), "{text}");
        }
    }
}
