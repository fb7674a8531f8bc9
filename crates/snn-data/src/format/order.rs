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

/// Reason of an order that the times decide.
const RISING: &str = "of the orders that fit the values, the one in which the time does not fall";
/// Reason of the first order, with which an error names the value that is out of place.
const NO_ORDER: &str = "no order fits the values";

/// Finds the order of four columns without names.
///
/// In the right order, x and y are pixels of the sensor, if it is known, and p is 0, 1 or -1. Where
/// several orders fit, it is the one in which the time does not fall.
///
/// # Errors
///
/// With all readings, if several orders fit and the time does not decide.
pub(super) fn find(columns: &[Vec<f64>; 4], sensor: Option<SensorSize>) -> Result<Roles, String> {
    let [width, height] = match sensor {
        Some(sensor) => [sensor.width, sensor.height].map(f64::from),
        None => [65536.0; 2],
    };
    let pixel = |value: &f64, size: f64| value.fract() == 0.0 && (0.0..size).contains(value);
    let fits = |order: &[Role; 4]| {
        order.iter().zip(columns).all(|(role, column)| match role {
            Role::T => true,
            Role::X => column.iter().all(|value| pixel(value, width)),
            Role::Y => column.iter().all(|value| pixel(value, height)),
            Role::P => column.iter().all(|value| [0.0, 1.0, -1.0].contains(value)),
        })
    };
    let all: Vec<[Role; 4]> = ORDERS.into_iter().filter(fits).collect();
    let time =
        |order: &[Role; 4]| &columns[order.iter().position(|role| *role == Role::T).unwrap_or(0)];
    let rising: Vec<_> = all.iter().filter(|order| time(order).is_sorted()).copied().collect();
    let of = |order: &[Role; 4], reason: &str| Roles {
        columns: order.map(Some).to_vec(),
        basis: Basis::Assumption(reason.into()),
        unit: None,
    };
    match (all.as_slice(), rising.as_slice()) {
        ([], _) => Ok(of(&ORDERS[0], NO_ORDER)),
        ([order], _) => Ok(of(order, "the only order that fits the values")),
        (_, [order]) => Ok(of(order, RISING)),
        ([order, ..], _) if columns[0].is_empty() => Ok(of(order, "no rows")),
        (all, rising) => {
            let several = if rising.is_empty() { all } else { rising };
            let reading = |order: &[Role; 4]| {
                let first =
                    order.iter().zip(columns).map(|(role, column)| format!("{role} {}", column[0]));
                let names = order.map(Role::letter).concat();
                format!("{names} (first event {})", first.collect::<Vec<_>>().join(", "))
            };
            let readings: Vec<String> = several.iter().map(reading).collect();
            Err(format!(
                "the columns have no names and may be {}; choose the order with Options::columns",
                readings.join(" or ")
            ))
        }
    }
}

/// Adds to an error in the first order of columns that none of the others fits either.
pub(super) fn explain(refusal: FormatError, basis: &Basis) -> FormatError {
    match basis {
        Basis::Assumption(reason) if reason == NO_ORDER => FormatError {
            problem: format!(
                "{}, read as t, x, y, p; no other order fits, choose one with Options::columns",
                refusal.problem
            ),
            ..refusal
        },
        _ => refusal,
    }
}

/// Refusal of columns that nothing tells apart.
pub(super) fn unnamed(columns: usize) -> String {
    format!(
        "expected columns t, x, y, p or names, found {columns} columns without names; choose them \
         with Options::columns, such as \"xy_pt\" for five of which the third is skipped"
    )
}
