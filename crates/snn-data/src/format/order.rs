//! Order of the columns of a table without names.

use super::FormatError;
use super::interpretation::Basis;
use super::roles::{Role, Roles};
use crate::events::SensorSize;

/// Orders of four columns without names, the most common first.
const ORDERS: [[Role; 4]; 3] = [
    [Role::T, Role::X, Role::Y, Role::P],
    [Role::X, Role::Y, Role::T, Role::P],
    [Role::X, Role::Y, Role::P, Role::T],
];

/// Pixels in a row or column of the largest cameras, and of the largest sensor that events have.
const CAMERA: f64 = 2048.0;
const LARGEST: f64 = 65536.0;

/// Properties of a column that decide its role.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// Whether all values are whole numbers from 0 to 65535.
    pixels: bool,
    /// Whether all values are 0, 1 or -1.
    polarities: bool,
    /// Whether no value is smaller than the one before.
    rises: bool,
    first: Option<f64>,
    last: f64,
    largest: f64,
    /// Values from 0 to 65535 that were seen, a bit each.
    seen: Vec<u64>,
}

/// The order of four columns.
#[derive(Debug)]
pub(super) struct Order {
    pub roles: Roles,
    /// Whether no other order fits the values: then an error names the value that is out of place.
    alone: bool,
}

/// Rows after which it is checked whether one order is left.
pub(super) const ROWS: usize = 1024;

impl Facts {
    pub(super) fn new() -> Self {
        let (pixels, polarities, rises) = (true, true, true);
        let [last, largest] = [f64::NEG_INFINITY; 2];
        let seen = vec![0; LARGEST as usize / 64];
        Self { pixels, polarities, rises, first: None, last, largest, seen }
    }

    pub(super) fn add(&mut self, value: f64) {
        self.first.get_or_insert(value);
        let is_pixel = (0.0..LARGEST).contains(&value) && value.fract() == 0.0;
        if is_pixel {
            self.seen[value as usize / 64] |= 1 << (value as usize % 64);
        }
        self.pixels &= is_pixel;
        self.polarities &= [0.0, 1.0, -1.0].contains(&value);
        self.rises &= value >= self.last;
        self.last = value;
        self.largest = self.largest.max(value);
    }

    /// How many different values there are, of whole numbers from 0 to 65535.
    fn distinct(&self) -> u32 {
        self.seen.iter().map(|word| word.count_ones()).sum()
    }

    #[inline]
    fn fits(&self, role: Role, [width, height]: [f64; 2]) -> bool {
        match role {
            Role::T => true,
            Role::X => self.pixels && self.largest < width,
            Role::Y => self.pixels && self.largest < height,
            Role::P => self.polarities,
        }
    }
}

/// The orders that fit, for a sensor of this width and height.
fn fitting(orders: &[[Role; 4]], columns: &[Facts; 4], size: [f64; 2]) -> Vec<[Role; 4]> {
    let fits = |order: &&[Role; 4]| {
        order.iter().zip(columns).all(|(role, column)| column.fits(*role, size))
    };
    orders.iter().filter(fits).copied().collect()
}

/// Whether the rows so far leave one order at most: those after them cannot bring another one back.
pub(super) fn is_decided(columns: &[Facts; 4]) -> bool {
    fitting(&ORDERS, columns, [LARGEST; 2]).len() <= 1
}

/// Finds the order of four columns without names.
///
/// In the right order, x and y are pixels and p is 0, 1 or -1. Of several that fit, it is the one in which
/// x and y are pixels of a camera, or of the sensor if it is known; and then the one in which the time does
/// not fall, if it has at least half as many times as the others: pixels that are sorted do not count.
///
/// # Errors
///
/// With all readings, if several orders fit and nothing decides.
pub(super) fn find(columns: &[Facts; 4], sensor: Option<SensorSize>) -> Result<Order, String> {
    let found = |order: &[Role; 4], reason: &str, alone| {
        let basis = Basis::Assumption(reason.into());
        let roles = Roles { columns: order.map(Some).to_vec(), basis, unit: None };
        Ok(Order { roles, alone })
    };
    let mut orders = fitting(&ORDERS, columns, [LARGEST; 2]);
    match orders.as_slice() {
        [] => return found(&ORDERS[0], "no order fits the values", true),
        [order] => return found(order, "the only order that fits the values", true),
        _ => {}
    }
    if columns[0].first.is_none() {
        return found(&orders[0], "no rows", false);
    }
    let mut reason = "";
    let sensor = sensor.map(|sensor| [sensor.width, sensor.height].map(f64::from));
    let of_sensor = "the only order in which x and y are pixels of the sensor";
    for (size, why) in [
        (Some([CAMERA; 2]), "the only order in which x and y are pixels of a camera"),
        (sensor, of_sensor),
    ] {
        let smaller = size.map(|size| fitting(&orders, columns, size)).unwrap_or_default();
        if orders.len() > 1 && !smaller.is_empty() {
            (orders, reason) = (smaller, why);
        }
    }
    if let [order] = orders.as_slice() {
        return found(order, reason, false);
    }
    let time = |order: &[Role; 4]| {
        let at = order.iter().position(|role| *role == Role::T).unwrap_or(0);
        &columns[at]
    };
    let rising: Vec<_> = orders.iter().filter(|order| time(order).rises).copied().collect();
    if let [order] = rising.as_slice()
        && orders.iter().all(|other| time(other).distinct() / 2 <= time(order).distinct())
    {
        let reason = "of the orders that fit, the one in which the time does not fall";
        return found(order, reason, false);
    }
    let reading = |order: &[Role; 4]| {
        let first = order.iter().zip(columns);
        let first = first.map(|(role, column)| format!("{role} {}", column.first.unwrap_or(0.0)));
        let names = order.map(Role::letter).concat();
        format!("{names} (first event {})", first.collect::<Vec<_>>().join(", "))
    };
    let readings: Vec<String> = orders.iter().map(reading).collect();
    Err(format!(
        "the columns have no names and may be {}; choose the order with Options::columns",
        readings.join(" or ")
    ))
}

impl Order {
    /// Adds to an error, unless it is about the unit of times, that no other order fits.
    pub(super) fn explain(&self, refusal: FormatError) -> FormatError {
        if !self.alone || refusal.problem.contains("Options::time_unit") {
            return refusal;
        }
        let order = self.roles.clone().order().value;
        let problem = format!(
            "{}, read as {order}; no other order fits, choose one with Options::columns",
            refusal.problem
        );
        FormatError { problem, ..refusal }
    }
}

/// Refusal of columns whose roles are not determined.
pub(super) fn unnamed(columns: usize) -> String {
    format!(
        "expected columns t, x, y, p or names, found {columns} columns without names; choose them \
         with Options::columns, such as \"xy_pt\" for five of which the third is skipped"
    )
}
