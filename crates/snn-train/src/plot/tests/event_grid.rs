use super::super::event_grid::{OFF, ON, event_grid};
use super::*;

fn picture<'a>(on: &'a [f32], off: &'a [f32]) -> EventPicture<'a> {
    EventPicture { name: "3 ms", width: 3, height: 2, on, off }
}

fn grid<'a>(pictures: &'a [EventPicture<'a>]) -> EventGrid<'a> {
    EventGrid { title: "events", pictures, columns: 2 }
}

#[test]
fn events_have_the_place_and_colour_of_their_pixel() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grid.svg");
    let on = [4.0, 0.0, 0.0, 0.0, 0.0, 4.0];
    let off = [0.0, 0.0, 4.0, 0.0, 0.0, 4.0];
    event_grid(&path, &grid(&[picture(&on, &off), picture(&off, &[0.0; 6])])).unwrap();
    let svg = fs::read_to_string(&path).unwrap();
    for text in ["events", "3 ms", "brighter", "darker"] {
        assert!(svg.contains(&format!(">{text}<")), "{text}");
    }
    // Half the colour between a quarter and all of it, for half of the 8 events at full colour.
    let faint = |colour| mix(WHITE, colour, 0.625);
    let [first, third, last] = rectangles(&svg, faint(ON))[..] else { panic!("{svg}") };
    let [both] = rectangles(&svg, mix(ON, OFF, 0.5))[..] else { panic!("{svg}") };
    let [darker] = rectangles(&svg, faint(OFF))[..] else { panic!("{svg}") };
    let [x, y, side, _] = first;
    assert_eq!(side, 50.0);
    assert_eq!(darker, [x + 2.0 * side, y, side, side]);
    assert_eq!(both, [x + 2.0 * side, y + side, side, side]);
    // The second picture is a picture and a gap further right, and has the ON events of `off`.
    assert_eq!(third, [x + 5.0 * side + 16.0, y, side, side]);
    assert_eq!(last, [x + 5.0 * side + 16.0, y + side, side, side]);
}

#[test]
fn a_large_picture_adds_up_its_pixels() {
    // 1001 pixels in a row are 334 squares of 3 pixels each.
    let mut on = vec![0.0; 1001 * 2];
    let off = on.clone();
    [0, 2, 1001].into_iter().for_each(|pixel| on[pixel] = 1.0);
    [3, 4, 1001 + 5, 1001 * 2 - 1].into_iter().for_each(|pixel| on[pixel] = 0.75);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grid.svg");
    let large = EventPicture { name: "large", width: 1001, height: 2, on: &on, off: &off };
    event_grid(&path, &grid(&[large])).unwrap();
    let svg = fs::read_to_string(&path).unwrap();
    // 3 events at the first square, 2.25 at the second, 0.75 at the last.
    let strength = |count: f32| mix(WHITE, ON, 0.25 + 0.75 * count / 3.0);
    let xs = [3.0, 2.25, 0.75].map(|count| rectangles(&svg, strength(count)).last().unwrap()[0]);
    assert_eq!([xs[1] - xs[0], xs[2] - xs[0]], [0.5, 166.5], "squares of half a unit");
}

#[test]
fn pictures_of_events_that_are_none_are_refused() {
    let zeros = [0.0; 6];
    refusal("a.png", |path| event_grid(path, &grid(&[])));
    refusal("a.gif", |path| event_grid(path, &grid(&[picture(&zeros, &zeros)])));
    let empty = EventPicture { width: 0, ..picture(&[], &[]) };
    let vast = EventPicture { width: usize::MAX, ..picture(&zeros, &zeros) };
    let negative = [0.0, 0.0, -1.0, 0.0, 0.0, 0.0];
    let infinite = [0.0, 0.0, f32::INFINITY, 0.0, 0.0, 0.0];
    for (bad, problem) in [
        (empty, "no pixels"),
        (vast, "6 ON counts"),
        (picture(&zeros[..5], &zeros), "5 ON counts for 3 x 2 pixels"),
        (picture(&zeros, &zeros[..5]), "5 OFF counts"),
        (picture(&negative, &zeros), "ON count of -1"),
        (picture(&zeros, &infinite), "OFF count of inf"),
    ] {
        let error = refusal("a.png", |path| event_grid(path, &grid(&[bad])));
        assert!(error.contains(problem), "{error}");
    }
    let pictures = [picture(&zeros, &zeros)];
    refusal("a.png", |path| event_grid(path, &EventGrid { columns: 0, ..grid(&pictures) }));
    let (width, height) = png_size(|path| event_grid(path, &grid(&pictures)));
    assert!(width > 0 && height > 0, "a picture may be without events");
}
