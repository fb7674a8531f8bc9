use super::*;

fn three(t: [i64; 3]) -> Events {
    let columns = [vec![3, 0, 1], vec![1, 1, 0]];
    let [x, y] = columns;
    Events::new(t.to_vec(), x, y, vec![true, false, true], SensorSize::new(4, 2)).unwrap()
}

#[test]
fn slices_share_the_columns() {
    let events = three([0, 5, 7]);
    let late = events.between(5..8);
    assert_eq!((late.t(), late.x(), late.p()), (&[5, 7][..], &[0, 1][..], &[false, true][..]));
    assert_eq!(late.slice(1..2).t(), [7]);
    assert!(std::ptr::eq(&events.t()[1], &late.t()[0]));
    assert_eq!(late.clone().into_columns(), late.iter().collect());
    let [late, early] = [8, 2];
    assert_eq!((events.between(6..6).len(), events.between(late..early).len()), (0, 0));
}

#[test]
fn sorting_is_stable() {
    let events = three([5, 2, 5]);
    assert!(!events.is_sorted());
    assert!(events.slice(1..3).is_sorted());
    let sorted = events.sorted();
    assert!(sorted.is_sorted());
    assert_eq!((sorted.t(), sorted.x()), (&[2, 5, 5][..], &[0, 3, 1][..]));
}

#[test]
fn what_is_not_an_event_is_named() {
    let sensor = SensorSize::new(4, 2);
    let outside = Events::new(vec![0, 1], vec![3, 0], vec![1, 2], vec![true; 2], sensor);
    assert_eq!(
        outside.unwrap_err().to_string(),
        "event 1: x 0, y 2 is outside of a sensor of 4 x 2; set Options::sensor, or drop or clip such events with Options::outside"
    );
    let short = Events::new(vec![0], vec![], vec![0], vec![true], sensor).unwrap_err();
    assert_eq!(short, EventsError::Lengths { t: 1, x: 0, y: 1, p: 1 });
    let spikes = Spikes::new(vec![0, 1], vec![0, 700], 700).unwrap_err();
    assert_eq!(spikes.to_string(), "spike 1: unit 700 of 700");
}

#[test]
fn the_smallest_sensor() {
    let events = Events::on_smallest_sensor(three([0, 5, 7]).into_columns()).unwrap();
    assert_eq!(events.sensor(), SensorSize::new(4, 2));
    assert_eq!(Events::on_smallest_sensor(Columns::default()).unwrap().sensor().pixels(), 0);
}
