//! What a comment states: the size of the sensor, the unit of the times.

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
    let pixels = |word: &str| word.parse::<u32>().ok().filter(|pixels| *pixels > 0);
    let (width, height) = match words.as_slice() {
        ["width", width, "height", height] | ["height", height, "width", width] => {
            (*width, *height)
        }
        [width, "x", height] | [width, height] => (*width, *height),
        [size] => size.split_once('x')?,
        _ => return None,
    };
    Some(SensorSize::new(pixels(width)?, pixels(height)?))
}

/// The unit of the times: `time unit: ns`, `timestamps in us`, `Timestamps tick is 1 us`.
pub(super) fn unit(text: &str) -> Option<TimeUnit> {
    let lower = text.to_lowercase();
    let mut words = lower
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .skip_while(|word| !matches!(*word, "time" | "times" | "timestamp" | "timestamps"))
        .skip(1)
        .skip_while(|word| {
            matches!(*word, "unit" | "units" | "tick" | "ticks" | "in" | "is" | "are" | "1")
        });
    words.next()?.parse().ok()
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
        ] {
            assert_eq!(unit(text), found, "{text}");
        }
    }
}
