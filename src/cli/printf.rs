//! Numbers as C's `printf` shows them, for scripts that read LLNL's tool.

/// `%.{digits}g`: so many significant digits, without trailing zeros, with an exponent
/// where the number is very large or small.
pub(crate) fn general(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return not_finite(value);
    }
    if value == 0.0 {
        return if value.is_sign_negative() { "-0" } else { "0" }.to_owned();
    }
    let digits = digits.max(1);
    // Rounded first, since rounding may carry into a new digit.
    let scientific = format!("{value:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if exponent < -4 || exponent >= digits as i32 {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trimmed(mantissa), exponent.abs());
    }
    let decimals = (digits as i32 - 1 - exponent) as usize;
    trimmed(&format!("{value:.decimals$}")).to_owned()
}

/// `%.2f`.
pub(crate) fn hundredths(value: f64) -> String {
    if value.is_finite() { format!("{value:.2}") } else { not_finite(value) }
}

fn not_finite(value: f64) -> String {
    let sign = if value.is_sign_negative() { "-" } else { "" };
    format!("{sign}{}", if value.is_nan() { "nan" } else { "inf" })
}

/// Without zeros at the end of a fraction.
fn trimmed(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_look_as_in_c() {
        for (value, digits, text) in [
            (0.0, 4, "0"),
            (1.0, 4, "1"),
            (13.824, 4, "13.82"),
            (2.314_814, 3, "2.31"),
            (14140.0, 4, "1.414e+04"),
            (9999.6, 4, "1e+04"),
            (9999.4, 4, "9999"),
            (0.000_123_45, 4, "0.0001234"),
            (0.000_012_345, 4, "1.234e-05"),
            (3.2e-5, 3, "3.2e-05"),
            (1e6, 4, "1e+06"),
            (1e100, 4, "1e+100"),
            (-2.5, 4, "-2.5"),
            (f64::INFINITY, 4, "inf"),
            (f64::NAN.copysign(-1.0), 4, "-nan"),
        ] {
            assert_eq!(general(value, digits), text);
        }
        assert_eq!(hundredths(54.638), "54.64");
        assert_eq!(hundredths(f64::INFINITY), "inf");
    }
}
