//! Exponentials of what is not positive, bit for bit as NumPy 2 computes them on x86-64 with
//! AVX-512, on any processor.
//!
//! Nothing here calls the exponential of a C library. Every operation is rounded as IEEE 754 has
//! it, those of `mul_add` once, so that there is one result. Sources, of the methods and of the
//! numbers in them: NumPy, `loops_exponent_log.dispatch.c.src`, for `f32`, and `__svml_exp8_ha` of
//! its SVML for `f64`; both are after Tang: Table-Driven Implementation of the Exponential Function
//! in IEEE Floating-Point Arithmetic (ACM TOMS 1989).

use std::f64::consts::{LN_2, LOG2_E};

/// Replaces each value by its exponential.
pub(super) fn exp_f64(values: &mut [f64]) {
    each(values, of_f64);
}

/// Replaces each value by its exponential.
pub(super) fn exp_f32(values: &mut [f32]) {
    each(values, of_f32);
}

/// By the instruction for `mul_add` where the processor has one. Elsewhere each is the call of a
/// function, which is slower and has the same result.
#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "instructions that not every processor has")
)]
fn each<T: Copy>(values: &mut [T], exp: impl Fn(T) -> T) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2,fma")]
        fn fused<T: Copy>(values: &mut [T], exp: impl Fn(T) -> T) {
            for value in values {
                *value = exp(*value);
            }
        }
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
        {
            // SAFETY: this processor has them.
            return unsafe { fused(values, exp) };
        }
    }
    for value in values {
        *value = exp(*value);
    }
}

/// `exp(x) = 2^n p(r) / q(r)` for `x = n ln 2 + r`.
#[inline(always)]
fn of_f32(x: f32) -> f32 {
    /// What is less has no fraction.
    const WHOLE: f32 = 12_582_912.0;
    const UNDERFLOW: f32 = -103.972_084;
    let n = (x * std::f32::consts::LOG2_E + WHOLE) - WHOLE;
    let r = n.mul_add(-0.693_145_75, x);
    let r = n.mul_add(-1.428_606_8e-6, r);
    let p = 0.000_508_276_2_f32.mul_add(r, 0.006_757_897);
    let p = p.mul_add(r, 0.051_145_12).mul_add(r, 0.247_361_54);
    let p = p.mul_add(r, 0.725_766_5).mul_add(r, 1.0);
    let q = 0.021_595_094_f32.mul_add(r, -0.274_233_55).mul_add(r, 1.0);
    // In 64 bits, so that it is rounded once where `f32` has fewer digits.
    let scaled = (f64::from(p / q) * power_of_two(n as i32)) as f32;
    if x <= UNDERFLOW { 0.0 } else { scaled }
}

/// `exp(x) = 2^n 2^(j/16) exp(r)` for `x = (n + j/16) ln 2 + r`.
#[inline(always)]
fn of_f64(x: f64) -> f64 {
    /// What is less is a whole number of sixteenths.
    const SIXTEENTHS: f64 = (3u64 << 47) as f64;
    /// What `LN_2` lacks.
    const LN_2_REST: f64 = 2.3190468138462996e-17;
    if x <= -707.7032713517042 {
        return near_underflow(x);
    }
    let n = x.mul_add(LOG2_E, SIXTEENTHS) - SIXTEENTHS;
    let n = if x.mul_add(LOG2_E, -n) < 0.0 { n - 0.0625 } else { n };
    let r = (-n).mul_add(LN_2_REST, (-n).mul_add(LN_2, x));
    let square = r * r;
    let p = 0.0014193283516881214_f64.mul_add(r, 0.008331512908898442);
    let p = p.mul_add(square, 0.0416667205488057_f64.mul_add(r, 0.1666666658485894));
    let p = p.mul_add(square, 0.5000000000059126_f64.mul_add(r, 0.999999999999984));
    let n = (n * 16.0) as i32;
    let (root, rest) = power_of_root(4 * (n & 15));
    p.mul_add(r, rest).mul_add(root, root) * power_of_two(n >> 4)
}

/// The same in 64ths, with care for numbers of fewer digits.
#[cold]
fn near_underflow(x: f64) -> f64 {
    /// What is less has no fraction.
    const WHOLE: f64 = (3u64 << 51) as f64;
    /// `ln 2 / 64`, in two parts.
    const LN_2_64TH: [f64; 2] = [0.010830424696223417, 2.572804622327669e-14];
    if x < -745.1332191019411 {
        return 0.0;
    }
    let n = (x * (64.0 * LOG2_E) + WHOLE) - WHOLE;
    let r = (x - n * LN_2_64TH[0]) - n * LN_2_64TH[1];
    let p = (0.0013888870459233254 * r + 0.008333341995140497) * r + 0.04166666666677052;
    let p = (p * r + 0.1666666666665788) * r + 0.5;
    let n = n as i32;
    let (root, rest) = power_of_root(n & 63);
    let more = (p * r * r + r + rest) * root;
    let n = n >> 6;
    if x >= -708.3964185322641 {
        return (root + more) * power_of_two(n);
    }
    let (root, more) = (root * power_of_two(n + 60), more * power_of_two(n + 60));
    let sum = root + more;
    if n <= -1033 {
        return sum * power_of_two(-60);
    }
    // A part that is exact with fewer digits, and the rest, which alone is rounded.
    let lost = (root - sum) + more;
    let large = sum * (3u64 << 31) as f64;
    let exact = (sum + large) - large;
    exact * power_of_two(-60) + (lost + (sum - exact)) * power_of_two(-60)
}

/// For exponents of normal numbers.
#[inline(always)]
fn power_of_two(n: i32) -> f64 {
    f64::from_bits(((i64::from(n) + 1023) << 52) as u64)
}

/// `2^(j/64)` as a number, and by how much of it that is too little.
#[inline(always)]
fn power_of_root(j: i32) -> (f64, f64) {
    let [root, rest] = ROOTS[(j & 63) as usize];
    (f64::from_bits(root), f64::from_bits(rest))
}

/// `2^(j/64)` and the rest, in bits.
const ROOTS: [[u64; 2]; 64] = [
    [0x3ff0_0000_0000_0000, 0x0000_0000_0000_0000],
    [0x3ff0_2c9a_3e77_8061, 0xbc71_6013_9cd8_dc5d],
    [0x3ff0_59b0_d315_8574, 0x3c8c_d252_3567_f613],
    [0x3ff0_8745_1875_9bc8, 0x3c60_f74e_61e6_c861],
    [0x3ff0_b558_6cf9_890f, 0x3c97_9aa6_5d83_7b6d],
    [0x3ff0_e3ec_32d3_d1a2, 0x3c3e_be3d_702f_9cd1],
    [0x3ff1_1301_d012_5b51, 0xbc95_5652_2a2f_bd0e],
    [0x3ff1_429a_aea9_2de0, 0xbc91_c923_b9d5_f416],
    [0x3ff1_72b8_3c7d_517b, 0xbc80_1b15_eaa5_9348],
    [0x3ff1_a35b_eb6f_cb75, 0x3c8b_898c_3f13_53bf],
    [0x3ff1_d487_3168_b9aa, 0x3c9a_ecf7_3e3a_2f60],
    [0x3ff2_063b_8862_8cd6, 0x3c8a_6f41_44a6_c38d],
    [0x3ff2_387a_6e75_6238, 0x3c96_8efd_e3a8_a894],
    [0x3ff2_6b45_65e2_7cdd, 0x3c80_472b_981f_e7f2],
    [0x3ff2_9e9d_f51f_dee1, 0x3c82_f7e1_6d09_ab31],
    [0x3ff2_d285_a6e4_030b, 0x3c8b_3782_720c_0ab4],
    [0x3ff3_06fe_0a31_b715, 0x3c83_4d75_4db0_abb6],
    [0x3ff3_3c08_b264_16ff, 0x3c8f_dd39_5dd3_f84a],
    [0x3ff3_71a7_373a_a9cb, 0xbc92_4aed_cc4b_5068],
    [0x3ff3_a7db_34e5_9ff7, 0xbc71_d1e8_3e94_36d2],
    [0x3ff3_dea6_4c12_3422, 0x3c85_9f48_a72a_4c6d],
    [0x3ff4_160a_21f7_2e2a, 0xbc58_a78f_4817_895b],
    [0x3ff4_4e08_6061_892d, 0x3c43_63ed_60c2_ac11],
    [0x3ff4_86a2_b5c1_3cd0, 0x3c6e_cce1_daa1_0379],
    [0x3ff4_bfda_d536_2a27, 0x3c76_90ce_bb7a_afb0],
    [0x3ff4_f9b2_769d_2ca7, 0xbc8f_9434_0071_a38e],
    [0x3ff5_342b_569d_4f82, 0xbc78_dec6_bd0f_385f],
    [0x3ff5_6f47_36b5_27da, 0x3c93_3505_18fd_d78e],
    [0x3ff5_ab07_dd48_5429, 0x3c90_63e1_e21c_5409],
    [0x3ff5_e76f_15ad_2148, 0x3c94_32e6_2b64_c035],
    [0x3ff6_247e_b03a_5585, 0xbc8c_33c5_3bef_4da8],
    [0x3ff6_6238_8255_2225, 0xbc93_cedd_7856_5858],
    [0x3ff6_a09e_667f_3bcd, 0xbc93_b3ef_bf5e_2228],
    [0x3ff6_dfb2_3c65_1a2f, 0xbc63_67ef_b86d_a9ee],
    [0x3ff7_1f75_e8ec_5f74, 0xbc78_1f64_7e5a_3ecf],
    [0x3ff7_5feb_5642_67c9, 0xbc86_1932_1e55_e68a],
    [0x3ff7_a114_73eb_0187, 0xbc7b_32dc_b94d_a51d],
    [0x3ff7_e2f3_36cf_4e62, 0x3c65_ebe1_abd6_6c55],
    [0x3ff8_2589_994c_ce13, 0xbc93_69b6_f13b_3734],
    [0x3ff8_68d9_9b44_92ed, 0xbc94_d450_d872_576e],
    [0x3ff8_ace5_422a_a0db, 0x3c8d_b72f_c1f0_eab4],
    [0x3ff8_f1ae_9915_7736, 0x3c7b_f683_59f3_5f44],
    [0x3ff9_3737_b0cd_c5e5, 0xbc5d_a9b8_8b6c_1e29],
    [0x3ff9_7d82_9fde_4e50, 0xbc92_4343_22f4_f9aa],
    [0x3ff9_c491_82a3_f090, 0x3c71_affc_2b91_ce27],
    [0x3ffa_0c66_7b5d_e565, 0xbc87_c504_2262_2263],
    [0x3ffa_5503_b23e_255d, 0xbc91_bbd1_d3bc_bb15],
    [0x3ffa_9e6b_5579_fdbf, 0x3c84_6984_6e73_5ab3],
    [0x3ffa_e89f_995a_d3ad, 0x3c8c_1a77_92cb_3387],
    [0x3ffb_33a2_b84f_15fb, 0xbc55_c3d9_56dc_aeba],
    [0x3ffb_7f76_f2fb_5e47, 0xbc68_d6f4_38ad_9334],
    [0x3ffb_cc1e_904b_c1d2, 0x3c74_ffd7_0a5f_ddcd],
    [0x3ffc_199b_dd85_529c, 0x3c73_6eae_30af_0cb3],
    [0x3ffc_67f1_2e57_d14b, 0x3c84_e08f_d109_59ac],
    [0x3ffc_b720_dcef_9069, 0x3c67_6b2c_6c92_1968],
    [0x3ffd_072d_4a07_897c, 0xbc8f_ad5d_3fff_fa6f],
    [0x3ffd_5818_dcfb_a487, 0x3c74_a385_a63d_07a7],
    [0x3ffd_a9e6_03db_3285, 0x3c8e_5a50_d5c1_92ac],
    [0x3ffd_fc97_337b_9b5f, 0xbc82_d521_07b4_3e1f],
    [0x3ffe_502e_e78b_3ff6, 0x3c74_b604_603a_88d3],
    [0x3ffe_a4af_a2a4_90da, 0xbc8f_f712_8fd3_91f0],
    [0x3ffe_fa1b_ee61_5a27, 0x3c8e_c3bc_41aa_2008],
    [0x3fff_5076_5b6e_4540, 0x3c8a_64a9_31d1_85ee],
    [0x3fff_a7c1_819e_90d8, 0x3c77_893b_4d91_cd9d],
];

#[cfg(test)]
mod tests {
    use super::*;

    // The expected bits are of NumPy 2.4.6, on a processor with AVX-512.

    #[test]
    fn doubles_are_those_of_numpy() {
        let expected = [
            (-0.0, 0x3ff0_0000_0000_0000),
            (-1e-9, 0x3fef_ffff_ff76_8fa1),
            (-1.0 / 3.0, 0x3fe6_edd3_122f_2ea5),
            (-0.5, 0x3fe3_68b2_fc6f_960a),
            (-1.0, 0x3fd7_8b56_362c_ef38),
            (-20.0, 0x3e21_b486_55f3_7267),
            (-707.0, 0x0030_29ad_e234_2558),
            // Off by 0.63 to 0.67 of the last digit.
            (-4.2102617409774545, 0x3f8e_65bc_56ac_b90f),
            (-221.11395059862258, 0x2bff_ffff_ffff_ff13),
            (-247.46286818086165, 0x299f_b3f7_88c0_01f9),
            (-700.8642031643789, 0x00bd_2cf3_3e76_2c6f),
            // The other polynomial, of normal numbers and then of fewer digits.
            (-708.0, 0x0017_c8ab_2288_c9ab),
            (-708.39, 0x0010_1a5f_f6ed_496b),
            (-709.25, 0x0006_d06e_c76d_3d0e),
            (-715.5, 0x0000_035e_1795_c8c3),
            (-716.0, 0x0000_020a_e2a3_89ea),
            (-730.3, 0x15_1c00),
            (-745.1332191019411, 1),
            (-745.1332191019412, 0),
            (f64::NEG_INFINITY, 0),
        ];
        for (x, bits) in expected {
            let mut values = [x];
            exp_f64(&mut values);
            assert_eq!(values[0].to_bits(), bits, "{x}");
            // As on a processor without the instruction.
            assert_eq!(of_f64(x).to_bits(), bits, "{x}");
        }
        assert!(of_f64(f64::NAN).is_nan());
    }

    #[test]
    fn floats_are_those_of_numpy() {
        let expected = [
            (-0.0, 0x3f80_0000),
            (-0.1, 0x3f67_a36d),
            (-0.5, 0x3f1b_4598),
            (-1.0, 0x3ebc_5ab1),
            (-10.25, 0x3814_4cd4),
            (-62.0289, 0x12b6_6e89),
            // Off by two of the last digit.
            (-85.58219, 0x01b8_f35e),
            (-86.218605, 0x0143_bf37),
            (-87.5, 0x006c_b2bc),
            (-95.3, 0x0b67),
            (-103.9, 1),
            (-103.97209, 0),
            (f32::NEG_INFINITY, 0),
        ];
        for (x, bits) in expected {
            let mut values = [x];
            exp_f32(&mut values);
            assert_eq!(values[0].to_bits(), bits, "{x}");
            assert_eq!(of_f32(x).to_bits(), bits, "{x}");
        }
        assert!(of_f32(f32::NAN).is_nan());
    }

    #[test]
    fn what_is_more_negative_has_a_smaller_exponential() {
        let doubles: Vec<f64> = (0..75_000).map(|n| -0.01 * f64::from(n)).collect();
        let floats: Vec<f32> = (0..10_500).map(|n| -0.01 * n as f32).collect();
        let (mut d, mut f) = (doubles.clone(), floats.clone());
        exp_f64(&mut d);
        exp_f32(&mut f);
        assert!(d.is_sorted_by(|a, b| a > b || *b < 1e-320));
        assert!(f.is_sorted_by(|a, b| a > b || *b < 1e-42));
        for (x, y) in doubles.into_iter().zip(d).take(70_000) {
            assert!((y / x.exp() - 1.0).abs() < 2.0 * f64::EPSILON, "{x}");
        }
        for (x, y) in floats.into_iter().zip(f).take(8_700) {
            assert!((y / x.exp() - 1.0).abs() < 4.0 * f32::EPSILON, "{x}");
        }
    }
}
