//! Types of elements.

use hdf5_pure::{Datatype, DatatypeByteOrder};

use crate::format::column::{Kind, Number};

/// Type of an element.
#[derive(Debug, Clone)]
pub(super) enum Type {
    Number(Number),
    /// Fields of a record, each with its place in it.
    Record(Vec<(String, usize, Number)>),
    /// Any number of numbers for each element, elsewhere in the file.
    Sequence(Number),
    Text,
    Other,
}

impl Type {
    pub fn new(dtype: &Datatype) -> Self {
        if let Some(number) = number(dtype) {
            return Self::Number(number);
        }
        match dtype {
            Datatype::Compound { members, .. } => {
                let known = members.iter().filter_map(|member| {
                    let at = usize::try_from(member.byte_offset).ok()?;
                    Some((member.name.clone(), at, number(&member.datatype)?))
                });
                Self::Record(known.collect())
            }
            Datatype::VariableLength { is_string: false, base_type, .. } => {
                number(base_type).map_or(Self::Other, Self::Sequence)
            }
            Datatype::VariableLength { is_string: true, .. } | Datatype::String { .. } => {
                Self::Text
            }
            _ => Self::Other,
        }
    }
}

fn number(dtype: &Datatype) -> Option<Number> {
    let big_endian = |order: &DatatypeByteOrder| match order {
        DatatypeByteOrder::LittleEndian => Some(false),
        DatatypeByteOrder::BigEndian => Some(true),
        DatatypeByteOrder::Vax => None,
    };
    match dtype {
        Datatype::FixedPoint { size, byte_order, layout } => {
            let kind = if layout.signed { Kind::Signed } else { Kind::Unsigned };
            let number = Number::new(kind, *size as usize, big_endian(byte_order)?)?;
            let bits = (layout.bit_offset, usize::from(layout.bit_precision));
            (bits == (0, 8 * number.size())).then_some(number)
        }
        Datatype::FloatingPoint { size, byte_order, layout } => {
            // IEEE 754; another format of two bytes is bfloat16.
            let exponent = match size {
                2 => 5,
                4 => 8,
                _ => 11,
            };
            let number = Number::new(Kind::Float, *size as usize, big_endian(byte_order)?);
            number.filter(|_| layout.exponent_size == exponent)
        }
        // What h5py makes of bool.
        Datatype::Enumeration { base_type, .. } => number(base_type),
        _ => None,
    }
}
