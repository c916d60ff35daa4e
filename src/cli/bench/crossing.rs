//! Where a device begins to pay.

/// The size from which on `fast` stays above `slow`; all three are of the same places.
///
/// Between two places, speeds are taken to follow a line where all axes are logarithmic.
/// `None` if it is not above in the last place, or nowhere was measured.
pub(super) fn crossing(sizes: &[f64], fast: &[f64], slow: &[f64]) -> Option<f64> {
    // How many times as fast, as a logarithm; what was not measured is behind.
    let lead = |i: usize| {
        let lead = (fast.get(i)? / slow.get(i)?).ln();
        lead.is_finite().then_some(lead)
    };
    let last = sizes.len().checked_sub(1)?;
    let behind = (0..=last).rev().find(|&i| lead(i).is_none_or(|lead| lead <= 0.0));
    match behind {
        None => sizes.first().copied(),
        Some(i) if i == last => None,
        Some(i) => {
            let (Some(before), Some(after)) = (lead(i), lead(i + 1)) else {
                return Some(sizes[i + 1]);
            };
            let part = -before / (after - before);
            Some((sizes[i].ln() + part * (sizes[i + 1] / sizes[i]).ln()).exp())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::crossing;

    const SIZES: [f64; 4] = [4096.0, 16384.0, 65536.0, 262_144.0];

    #[test]
    fn between_two_sizes() {
        // A fourth, half, twice, eight times as fast: the same in the middle.
        let found = crossing(&SIZES, &[1.0, 2.0, 8.0, 32.0], &[4.0; 4]);
        assert!((found.unwrap_or(0.0) - 32768.0).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn from_where_on_it_stays_ahead() {
        let found = crossing(&SIZES, &[8.0, 1.0, 1.0, 4.0], &[2.0; 4]);
        assert!((found.unwrap_or(0.0) - 131_072.0).abs() < 1e-6, "{found:?}");
        assert_eq!(crossing(&SIZES, &[3.0; 4], &[2.0; 4]), Some(4096.0));
    }

    #[test]
    fn never_or_not_measured() {
        assert_eq!(crossing(&SIZES, &[1.0, 1.0, 9.0, 1.9], &[2.0; 4]), None);
        assert_eq!(crossing(&SIZES, &[f64::NAN; 4], &[2.0; 4]), None);
        assert_eq!(crossing(&SIZES, &[f64::NAN, f64::NAN, 3.0, 3.0], &[2.0; 4]), Some(65536.0));
        assert_eq!(crossing(&[], &[], &[]), None);
    }
}
