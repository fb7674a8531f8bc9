//! Numbers of a GPU kernel while it is being compiled: an operation on them becomes an instruction of
//! the kernel.

use core::ops::{Add, Div, Mul, Sub};

use cubecl::ir::{ConstantValue, ElemType, ExpandValue, FloatKind, Scope};
use cubecl::prelude::*;

use crate::real::Real;

/// A 32-bit number, or a vector of them, in a register of a thread.
#[derive(Clone, Copy)]
pub(super) struct Traced<'a> {
    scope: &'a Scope,
    value: ExpandValue,
}

impl<'a> Traced<'a> {
    /// Reads a variable of the kernel.
    pub(super) fn read<N: Size>(scope: &'a Scope, value: &NativeExpand<Vector<f32, N>>) -> Self {
        Self { scope, value: value.read_value(scope).into() }
    }

    /// As a value of the kernel again.
    pub(super) fn into_expand<N: Size>(self) -> NativeExpand<Vector<f32, N>> {
        self.value.into()
    }

    fn number(self, number: f64) -> ExpandValue {
        ExpandValue::constant(ConstantValue::Float(number), ElemType::Float(FloatKind::F32))
    }

    fn unary(self, operation: fn(&Scope, ExpandValue) -> ExpandValue) -> Self {
        Self { value: operation(self.scope, self.value), ..self }
    }

    fn binary(self, operation: Binary, other: ExpandValue) -> Self {
        Self { value: operation(self.scope, self.value, other), ..self }
    }

    fn select(self, comparison: Binary, number: f64, yes: Self, no: Self) -> Self {
        let condition = comparison(self.scope, self.value, self.number(number));
        let value =
            select::expand::<f32>(self.scope, condition.into(), yes.value.into(), no.value.into());
        Self { value: value.expand, ..self }
    }
}

type Binary = fn(&Scope, ExpandValue, ExpandValue) -> ExpandValue;

impl Add for Traced<'_> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.binary(f32::__expand_native_add, other.value)
    }
}

impl Sub for Traced<'_> {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.binary(f32::__expand_native_sub, other.value)
    }
}

impl Mul for Traced<'_> {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        self.binary(f32::__expand_native_mul, other.value)
    }
}

impl Div for Traced<'_> {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        self.binary(f32::__expand_native_div, other.value)
    }
}

impl Real for Traced<'_> {
    fn abs(self) -> Self {
        self.unary(f32::__expand_native_abs)
    }

    fn square(self) -> Self {
        self * self
    }

    fn recip(self) -> Self {
        self.unary(f32::__expand_native_recip)
    }

    fn sqrt(self) -> Self {
        self.unary(f32::__expand_native_sqrt)
    }

    fn exp(self) -> Self {
        self.unary(f32::__expand_native_exp)
    }

    fn sin(self) -> Self {
        self.unary(f32::__expand_native_sin)
    }

    fn floor(self) -> Self {
        self.unary(f32::__expand_native_floor)
    }

    fn powf(self, exponent: f64) -> Self {
        self.binary(f32::__expand_native_powf, self.number(exponent))
    }

    fn plus(self, number: f64) -> Self {
        self.binary(f32::__expand_native_add, self.number(number))
    }

    fn times(self, number: f64) -> Self {
        self.binary(f32::__expand_native_mul, self.number(number))
    }

    fn at_least(self, number: f64) -> Self {
        // A comparison keeps NaN, which a maximum drops.
        let bound = self.filled(number);
        self.if_below(number, bound, self)
    }

    fn at_most(self, number: f64) -> Self {
        let bound = self.filled(number);
        self.if_above(number, bound, self)
    }

    fn filled(&self, number: f64) -> Self {
        Self { value: self.number(number), ..*self }
    }

    fn if_below(self, number: f64, yes: Self, no: Self) -> Self {
        self.select(f32::__expand_native_lt, number, yes, no)
    }

    fn if_above(self, number: f64, yes: Self, no: Self) -> Self {
        self.select(f32::__expand_native_gt, number, yes, no)
    }
}
