//! Arithmetic that several modules share. The order of operations is fixed, so that results are the same everywhere.

/// `part / whole`; 0 if `whole` is 0.
pub(super) fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// [`ratio`], at most 1.
pub(super) fn share(part: f64, whole: f64) -> f64 {
    ratio(part, whole).min(1.0)
}

/// The dot product.
pub(super) fn dot(values: &[f64], weights: &[f64]) -> f64 {
    values.iter().zip(weights).map(|(value, weight)| value * weight).sum()
}

/// The mean; 0 without values.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    ratio(sum, count)
}

/// The standard deviation of values with the mean `mean_of_all`; 0 without values.
pub(super) fn std_dev(values: impl Iterator<Item = f64>, mean_of_all: f64) -> f64 {
    mean(values.map(|value| (value - mean_of_all) * (value - mean_of_all))).sqrt()
}
