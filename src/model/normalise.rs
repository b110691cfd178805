//! Scaling of values before the network and of its output after it, as pytorch-forecasting does it.

use num_traits::Float;
use serde::Deserialize;

use super::tft::Label;

/// What a real column goes through.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Scaler {
    #[default]
    None,
    /// (x − center) / scale.
    Affine {
        center: f64,
        scale: f64,
    },
    /// The target's own normaliser.
    Target {},
    Group(GroupNormalizer),
    Encoder(EncoderNormalizer),
    Torch(TorchNormalizer),
}

/// What the target goes through, and what brings the forecast back.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Normalizer {
    Group(GroupNormalizer),
    Encoder(EncoderNormalizer),
    Torch(TorchNormalizer),
    Multi {},
}

impl Normalizer {
    pub fn transformation(&self) -> Transformation {
        match self {
            Self::Group(n) => n.transformation,
            Self::Encoder(n) => n.transformation,
            Self::Torch(n) => n.transformation,
            Self::Multi {} => Transformation::None,
        }
    }
}

/// Center and scale.
pub type Pair = [f64; 2];

/// Center and scale looked up by the group's labels.
#[derive(Debug, Clone, Deserialize)]
pub struct GroupNormalizer {
    #[serde(default)]
    pub transformation: Transformation,
    pub groups: Vec<String>,
    #[serde(default)]
    pub scale_by_group: bool,
    /// Without groups.
    pub global: Option<Pair>,
    /// One row per known combination of labels.
    #[serde(default)]
    pub rows: Vec<GroupRow>,
    /// With `scale_by_group`: per group column, each label's factors.
    pub input: Option<GroupFactors>,
    pub output: Option<GroupFactors>,
    pub missing: Option<Missing>,
    /// Some groups are rescaled with another group's pair (the library's own mix-up).
    #[serde(default)]
    pub target_scale_mismatch: bool,
}

pub type GroupFactors = std::collections::BTreeMap<String, Vec<(Label, f64, f64)>>;

#[derive(Debug, Clone, Deserialize)]
pub struct GroupRow {
    pub labels: Vec<Label>,
    /// Scales the column.
    pub input: Pair,
    /// Brings the forecast back; a covariate has none.
    pub output: Option<Pair>,
}

/// The pair of an unknown group.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Missing {
    Pair(Pair),
    PerGroup(std::collections::BTreeMap<String, Pair>),
}

/// Center and scale fitted on each window's encoder part, in single precision.
#[derive(Debug, Clone, Deserialize)]
pub struct EncoderNormalizer {
    pub method: Method,
    pub center: bool,
    #[serde(default)]
    pub transformation: Transformation,
    #[serde(default)]
    pub method_kwargs: MethodArgs,
    pub max_length: Option<MaxLength>,
    #[serde(default = "single_epsilon")]
    pub eps: f32,
}

fn single_epsilon() -> f32 {
    f32::EPSILON
}

/// Center and scale fitted on the training data.
#[derive(Debug, Clone, Deserialize)]
pub struct TorchNormalizer {
    #[serde(default)]
    pub transformation: Transformation,
    pub center_value: f64,
    pub scale_value: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    Standard,
    Robust,
    Identity,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct MethodArgs {
    pub center: Option<f64>,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
}

/// How many of the last steps a fit looks at.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
pub enum MaxLength {
    Both(usize),
    CenterAndScale([usize; 2]),
}

/// f before scaling, and its inverse after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "Option<String>")]
pub enum Transformation {
    #[default]
    None,
    Relu,
    Softplus,
    Log,
    Log1p,
    Logit,
    Count,
    Sqrt,
}

impl TryFrom<Option<String>> for Transformation {
    type Error = String;

    fn try_from(name: Option<String>) -> Result<Self, String> {
        Ok(match name.as_deref() {
            None => Self::None,
            Some("relu") => Self::Relu,
            Some("softplus") => Self::Softplus,
            Some("log") => Self::Log,
            Some("log1p") => Self::Log1p,
            Some("logit") => Self::Logit,
            Some("count") => Self::Count,
            Some("sqrt") => Self::Sqrt,
            Some(other) => return Err(format!("transformation \"{other}\" is not known")),
        })
    }
}

impl Transformation {
    /// f(x) in the precision of `x`, whose epsilon keeps zeros finite. Data set columns are
    /// transformed in double precision, fits on one window in single.
    pub fn apply<F: Float>(self, x: F) -> F {
        let (one, eps) = (F::one(), F::epsilon());
        match self {
            Self::None | Self::Relu => x,
            Self::Softplus if x > F::from(20).unwrap_or(one) => x,
            Self::Softplus => x + (-(-(x + eps)).exp_m1()).ln(),
            Self::Log => x.ln().max(-one / eps),
            Self::Log1p => x.ln_1p(),
            Self::Logit => {
                let p = x.max(eps).min(one - eps);
                (p / (one - p)).ln()
            }
            Self::Count => x + one,
            Self::Sqrt => x.sqrt(),
        }
    }

    /// f⁻¹(y). `log1p` goes back through e^y, not e^y − 1: so does the library.
    pub fn invert(self, y: f32) -> f32 {
        match self {
            Self::None => y,
            Self::Relu => y.max(0.0),
            Self::Softplus | Self::Count => softplus(y),
            Self::Log | Self::Log1p => y.exp(),
            Self::Logit => (1.0 / (1.0 + (-y).exp())).clamp(f32::MIN_POSITIVE, 1.0 - f32::EPSILON),
            Self::Sqrt => y * y,
        }
    }
}

fn softplus(y: f32) -> f32 {
    if y > 20.0 { y } else { y.exp().ln_1p() }
}

impl EncoderNormalizer {
    /// Center and scale of a window's encoder part (raw values, oldest first, not empty).
    pub fn fit(&self, values: &[f32]) -> [f32; 2] {
        let y: Vec<f32> = values.iter().map(|x| self.transformation.apply(*x)).collect();
        // Python's y[-0:] is all of y.
        let tail = |n: usize| &y[y.len().saturating_sub(if n == 0 { y.len() } else { n })..];
        let (for_center, for_scale) = match self.max_length {
            None => (&y[..], &y[..]),
            Some(MaxLength::Both(n)) => (tail(n), tail(n)),
            Some(MaxLength::CenterAndScale([c, s])) => (tail(c), tail(s)),
        };
        let (center, scale) = match self.method {
            Method::Identity => (0.0, 1.0),
            Method::Standard => (mean(for_center), deviation(for_scale) + self.eps),
            Method::Robust => {
                let args = &self.method_kwargs;
                let lower = quantile(for_scale, args.lower.unwrap_or(0.25));
                let upper = quantile(for_scale, args.upper.unwrap_or(0.75));
                let center = quantile(for_center, args.center.unwrap_or(0.5));
                (center, (upper - lower) / 2.0 + self.eps)
            }
        };
        if self.center { [center, scale] } else { [0.0, scale] }
    }
}

fn mean(values: &[f32]) -> f32 {
    (values.iter().map(|x| f64::from(*x)).sum::<f64>() / values.len() as f64) as f32
}

/// Sample deviation (n − 1).
fn deviation(values: &[f32]) -> f32 {
    let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum();
    (squares / (values.len() as f64 - 1.0)).sqrt() as f32
}

/// With linear interpolation between neighbours.
fn quantile(values: &[f32], q: f64) -> f32 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    let position = q.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let (below, above) = (position.floor() as usize, position.ceil() as usize);
    let rest = (position - position.floor()) as f32;
    sorted[below] + (sorted[above] - sorted[below]) * rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Transformation; 7] = [
        Transformation::None,
        Transformation::Relu,
        Transformation::Softplus,
        Transformation::Log,
        Transformation::Logit,
        Transformation::Sqrt,
        Transformation::Count,
    ];

    #[test]
    fn what_is_transformed_comes_back() {
        for f in ALL.into_iter().filter(|f| *f != Transformation::Count) {
            for x in [0.03_f64, 0.4, 0.97] {
                let back = f.invert(f.apply(x) as f32);
                assert!((f64::from(back) - x).abs() < 1e-6, "{f:?} {x} {back}");
            }
        }
    }

    #[test]
    fn an_exact_zero_stays_finite() {
        assert!((Transformation::Softplus.apply(0.0_f64) + 36.04).abs() < 0.01);
        assert!((Transformation::Softplus.apply(0.0_f32) + 15.94).abs() < 0.01);
        assert!(Transformation::Log.apply(0.0_f64).is_finite());
        assert!(Transformation::Logit.apply(0.0_f64).is_finite());
    }

    #[test]
    fn quantiles_interpolate() {
        assert!((quantile(&[3.0, 1.0, 2.0, 4.0], 0.25) - 1.75).abs() < 1e-6);
        assert!((deviation(&[1.0, 2.0, 3.0]) - 1.0).abs() < 1e-6);
    }
}
