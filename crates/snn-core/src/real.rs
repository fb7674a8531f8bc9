//! What steps and derivatives are written in: tensors, and the lanes of the CPU kernels.

use core::ops::{Add, Div, Mul, Sub};

use burn::tensor::Tensor;

/// Numbers, element by element.
pub(crate) trait Real:
    Clone + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    fn abs(self) -> Self;
    fn square(self) -> Self;
    fn recip(self) -> Self;
    fn sqrt(self) -> Self;
    fn exp(self) -> Self;
    fn sin(self) -> Self;
    fn floor(self) -> Self;
    fn powf(self, exponent: f64) -> Self;
    fn plus(self, number: f64) -> Self;
    fn times(self, number: f64) -> Self;
    fn at_least(self, number: f64) -> Self;
    fn at_most(self, number: f64) -> Self;
    /// A number for each element.
    fn filled(&self, number: f64) -> Self;
    /// `yes` where `self < number`, else `no`.
    fn if_below(self, number: f64, yes: Self, no: Self) -> Self;
    /// `yes` where `self > number`, else `no`.
    fn if_above(self, number: f64, yes: Self, no: Self) -> Self;
}

impl<const D: usize> Real for Tensor<D> {
    fn abs(self) -> Self {
        self.abs()
    }

    fn square(self) -> Self {
        self.square()
    }

    fn recip(self) -> Self {
        self.recip()
    }

    fn sqrt(self) -> Self {
        self.sqrt()
    }

    fn exp(self) -> Self {
        self.exp()
    }

    fn sin(self) -> Self {
        self.sin()
    }

    fn floor(self) -> Self {
        self.floor()
    }

    fn powf(self, exponent: f64) -> Self {
        self.powf_scalar(exponent)
    }

    fn plus(self, number: f64) -> Self {
        self.add_scalar(number)
    }

    fn times(self, number: f64) -> Self {
        self.mul_scalar(number)
    }

    fn at_least(self, number: f64) -> Self {
        self.clamp_min(number)
    }

    fn at_most(self, number: f64) -> Self {
        self.clamp_max(number)
    }

    fn filled(&self, number: f64) -> Self {
        self.full_like(number)
    }

    fn if_below(self, number: f64, yes: Self, no: Self) -> Self {
        no.mask_where(self.lower_scalar(number), yes)
    }

    fn if_above(self, number: f64, yes: Self, no: Self) -> Self {
        no.mask_where(self.greater_scalar(number), yes)
    }
}

/// As many numbers as fit into a few vector registers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lanes(pub(crate) [f32; Lanes::COUNT]);

impl Lanes {
    pub(crate) const COUNT: usize = 16;

    // Loops over arrays become vector instructions; `array::map` and `array::from_fn` do not always.
    #[inline(always)]
    fn map(mut self, f: impl Fn(f32) -> f32) -> Self {
        for x in &mut self.0 {
            *x = f(*x);
        }
        self
    }

    #[inline(always)]
    fn zip(mut self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        for k in 0..Self::COUNT {
            self.0[k] = f(self.0[k], other.0[k]);
        }
        self
    }

    /// `yes` where `test`, else `no`.
    #[inline(always)]
    fn select(self, test: impl Fn(f32) -> bool, yes: Self, mut no: Self) -> Self {
        for k in 0..Self::COUNT {
            no.0[k] = if test(self.0[k]) { yes.0[k] } else { no.0[k] };
        }
        no
    }
}

impl Add for Lanes {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
}

impl Sub for Lanes {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
}

impl Mul for Lanes {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }
}

impl Div for Lanes {
    type Output = Self;

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.zip(other, |a, b| a / b)
    }
}

impl Real for Lanes {
    #[inline(always)]
    fn abs(self) -> Self {
        self.map(f32::abs)
    }

    #[inline(always)]
    fn square(self) -> Self {
        self.map(|x| x * x)
    }

    #[inline(always)]
    fn recip(self) -> Self {
        self.map(f32::recip)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.map(f32::sqrt)
    }

    #[inline(always)]
    fn exp(self) -> Self {
        self.map(f32::exp)
    }

    #[inline(always)]
    fn sin(self) -> Self {
        self.map(f32::sin)
    }

    #[inline(always)]
    fn floor(self) -> Self {
        self.map(f32::floor)
    }

    #[inline(always)]
    fn powf(self, exponent: f64) -> Self {
        self.map(|x| x.powf(exponent as f32))
    }

    #[inline(always)]
    fn plus(self, number: f64) -> Self {
        self.map(|x| x + number as f32)
    }

    #[inline(always)]
    fn times(self, number: f64) -> Self {
        self.map(|x| x * number as f32)
    }

    #[inline(always)]
    fn at_least(self, number: f64) -> Self {
        // A comparison keeps NaN, which `f32::max` drops.
        self.map(|x| if x < number as f32 { number as f32 } else { x })
    }

    #[inline(always)]
    fn at_most(self, number: f64) -> Self {
        self.map(|x| if x > number as f32 { number as f32 } else { x })
    }

    #[inline(always)]
    fn filled(&self, number: f64) -> Self {
        Self([number as f32; Self::COUNT])
    }

    #[inline(always)]
    fn if_below(self, number: f64, yes: Self, no: Self) -> Self {
        let number = number as f32;
        self.select(|x| x < number, yes, no)
    }

    #[inline(always)]
    fn if_above(self, number: f64, yes: Self, no: Self) -> Self {
        let number = number as f32;
        self.select(|x| x > number, yes, no)
    }
}
