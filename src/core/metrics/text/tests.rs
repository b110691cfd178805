use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;
use crate::core::metrics::catalogue::{self, ALL};

fn exposition(families: Vec<Metrics>) -> Exposition {
    Exposition { at: 0, may_be_stale: false, families }
}

fn metrics(family: &'static Family, series: &[(&[&str], Value)]) -> Metrics {
    let owned = |labels: &[&str]| labels.iter().map(|&label| label.to_owned()).collect();
    let series = series.iter().map(|(labels, value)| (owned(labels), value.clone()));
    Metrics { family, series: series.collect() }
}

fn example() -> Exposition {
    let waits = Value::Histogram { counts: vec![1, 0, 2, 0, 0, 0, 0, 4], sum: 12.5 };
    exposition(vec![
        metrics(&catalogue::FALLBACK, &[(&["a\\b\"c\nd", "success"], Value::Number(3.0))]),
        metrics(&catalogue::INFER_MODEL_LOAD, &[(&["fleet"], Value::Number(0.25))]),
        metrics(&catalogue::STATE_LOCK_WAIT, &[(&[], waits)]),
    ])
}

#[test]
fn text_is_as_prometheus_documents_it() {
    let expected = r#"# HELP ut_fallback_total Fallbacks that were run.
# TYPE ut_fallback_total counter
ut_fallback_total{breaker="a\\b\"c\nd",result="success"} 3
# HELP ut_infer_model_load_seconds Time the last model load took.
# TYPE ut_infer_model_load_seconds gauge
ut_infer_model_load_seconds{model="fleet"} 0.25
# HELP ut_state_lock_wait_seconds Time spent waiting for another process to release the state database.
# TYPE ut_state_lock_wait_seconds histogram
ut_state_lock_wait_seconds_bucket{le="0.0001"} 1
ut_state_lock_wait_seconds_bucket{le="0.001"} 1
ut_state_lock_wait_seconds_bucket{le="0.01"} 3
ut_state_lock_wait_seconds_bucket{le="0.1"} 3
ut_state_lock_wait_seconds_bucket{le="0.25"} 3
ut_state_lock_wait_seconds_bucket{le="1"} 3
ut_state_lock_wait_seconds_bucket{le="5"} 3
ut_state_lock_wait_seconds_bucket{le="+Inf"} 7
ut_state_lock_wait_seconds_sum 12.5
ut_state_lock_wait_seconds_count 7
"#;
    assert_eq!(example().text(), expected);
    assert_eq!(example().lines(), 12);
}

#[test]
fn openmetrics_names_families_units_and_the_end() {
    let text = example().open_metrics();
    for line in [
        "# TYPE ut_fallback counter",
        r#"ut_fallback_total{breaker="a\\b\"c\nd",result="success"} 3"#,
        "# UNIT ut_infer_model_load_seconds seconds",
        r#"ut_state_lock_wait_seconds_bucket{le="1.0"} 3"#,
    ] {
        assert!(text.lines().any(|own| own == line), "{line} is not in {text}");
    }
    assert!(text.ends_with("count 7\n# EOF\n"));
    assert!(!text.contains("UNIT ut_fallback"));
}

#[test]
fn numbers_are_short_and_exact() {
    for (value, shown) in [
        (0.0, "0"),
        (-3.0, "-3"),
        (0.1, "0.1"),
        (1e15, "1000000000000000"),
        (1e16, "1e16"),
        (1_795_694_658.293, "1795694658.293"),
        (5e-324, "5e-324"),
        (f64::INFINITY, "+Inf"),
        (f64::NEG_INFINITY, "-Inf"),
        (f64::NAN, "NaN"),
    ] {
        assert_eq!(number(value), shown);
    }
}

/// What a reader makes of a line.
#[derive(Debug)]
struct Line {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

/// Reads a line as the format's documentation describes it.
fn line(text: &str) -> Line {
    let end = text.find(['{', ' ']).unwrap();
    let name = text[..end].to_owned();
    let mut rest = &text[end..];
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"").unwrap();
            let mut value = String::new();
            let mut chars = after.char_indices();
            let end = loop {
                match chars.next().unwrap() {
                    (at, '"') => break at + 1,
                    (_, '\\') => value.push(match chars.next().unwrap().1 {
                        'n' => '\n',
                        escaped @ ('"' | '\\') => escaped,
                        other => panic!("\\{other}"),
                    }),
                    (_, other) => value.push(other),
                }
            };
            labels.push((label.to_owned(), value));
            rest = &after[end..];
            rest = rest.strip_prefix(',').unwrap_or(rest);
        }
        rest = &rest[1..];
    }
    Line { name, labels, value: rest.strip_prefix(' ').unwrap().parse().unwrap() }
}

/// The series of each `# TYPE`, buckets and sums taken together.
fn parse(text: &str) -> Exposition {
    let mut families: Vec<Metrics> = Vec::new();
    for text in text.strip_suffix('\n').unwrap().split('\n') {
        let words: Vec<&str> = text.splitn(4, ' ').collect();
        match words[..] {
            ["#", "HELP", _, _] => {}
            ["#", "TYPE", name, kind] => {
                let family = ALL.iter().find(|family| family.name == name).unwrap();
                assert_eq!(family.type_name(), kind);
                families.push(Metrics { family, series: BTreeMap::new() });
            }
            _ => add(families.last_mut().unwrap(), line(text)),
        }
    }
    // Counts of buckets include those before.
    for value in families.iter_mut().flat_map(|metrics| metrics.series.values_mut()) {
        if let Value::Histogram { counts, .. } = value {
            for at in (1..counts.len()).rev() {
                counts[at] -= counts[at - 1];
            }
        }
    }
    exposition(families)
}

fn add(to: &mut Metrics, line: Line) {
    let part = line.name.strip_prefix(to.family.name).unwrap();
    let (names, mut values): (Vec<_>, Vec<_>) = line.labels.into_iter().unzip();
    let known = to.family.labels.iter().map(|label| label.name);
    let bucket = (part == "_bucket").then_some("le");
    assert!(known.chain(bucket).eq(names));
    if part.is_empty() {
        assert!(to.series.insert(values, Value::Number(line.value)).is_none());
        return;
    }
    let edge = bucket.and_then(|_| values.pop());
    let none = Value::Histogram { counts: Vec::new(), sum: 0.0 };
    let Value::Histogram { counts, sum } = to.series.entry(values).or_insert(none) else {
        panic!()
    };
    match (part, edge) {
        ("_bucket", Some(edge)) => {
            let Kind::Histogram(edges) = to.family.kind else { panic!() };
            let expected = edges.get(counts.len()).copied().unwrap_or(f64::INFINITY);
            assert_eq!(edge.parse::<f64>().map(f64::to_bits), Ok(expected.to_bits()));
            counts.push(line.value as u64);
        }
        ("_sum", None) => *sum = line.value,
        ("_count", None) => assert_eq!(counts.last(), Some(&(line.value as u64))),
        other => panic!("{other:?}"),
    }
}

/// Any text, and often what must be escaped.
fn label() -> impl Strategy<Value = String> {
    let char = prop_oneof![
        any::<char>(),
        proptest::sample::select(vec!['"', '\\', '\n', '}', ',', 'n', '\r', ' '])
    ];
    vec(char, 0..12).prop_map(|chars| chars.into_iter().collect())
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), any::<i32>().prop_map(f64::from)]
        .prop_filter("equals itself", |v| !v.is_nan())
}

fn any_metrics(family: &'static Family) -> impl Strategy<Value = Metrics> {
    let value = match family.kind {
        Kind::Histogram(edges) => (vec(0..1_u64 << 40, edges.len() + 1), value())
            .prop_map(|(counts, sum)| Value::Histogram { counts, sum })
            .boxed(),
        _ => value().prop_map(Value::Number).boxed(),
    };
    let labels = vec(label(), family.labels.len());
    btree_map(labels, value, 1..4).prop_map(move |series| Metrics { family, series })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back(families in (
        any_metrics(&catalogue::FALLBACK),
        any_metrics(&catalogue::INFER_DURATION),
        any_metrics(&catalogue::INFER_MODEL_INFO),
        any_metrics(&catalogue::STATE_CREATED),
        any_metrics(&catalogue::STATE_LOCK_WAIT),
    )) {
        let (a, b, c, d, e) = families;
        let exposition = exposition(vec![a, b, c, d, e]);
        prop_assert_eq!(parse(&exposition.text()), exposition);
    }
}
