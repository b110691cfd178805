//! A log of static analysis: SARIF 2.1.0.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::judged::{Judged, message};
use crate::compose::Suppressed;
use crate::compose::finding::{Code, Finding, Severity};
use crate::compose::source::Span;

/// What stays as it is in the path of a URI. A colon does not: what is before it would be taken for a scheme.
const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    column_kind: &'static str,
    results: Vec<Outcome>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
struct Driver {
    name: &'static str,
    version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    name: String,
    short_description: Message,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Configuration {
    level: Severity,
}

/// What SARIF calls a result.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: &'static str,
    rule_index: usize,
    level: Severity,
    message: Message,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    partial_fingerprints: Fingerprints,
    /// Empty: the finding counts.
    suppressions: Vec<Suppression>,
}

#[derive(Serialize)]
struct Suppression {
    /// `inSource` or `external`.
    kind: &'static str,
    justification: String,
}

#[derive(Serialize)]
struct Fingerprints {
    /// Stays when lines move.
    #[serde(rename = "finding/v1")]
    finding: String,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

/// One run that has looked at all stacks. It does not borrow from them.
pub(super) fn log(stacks: &[Judged]) -> impl Serialize + use<> {
    let all = || stacks.iter().flat_map(of_stack);
    let codes: BTreeMap<_, _> =
        all().map(|(_, finding, _)| (finding.code.id, finding.code)).collect();
    let index: BTreeMap<_, _> = codes.keys().enumerate().map(|(index, id)| (*id, index)).collect();
    let results = all().map(|(stack, finding, suppressed)| {
        let suppressions = suppressed.map(suppression).into_iter().collect();
        Outcome { suppressions, ..outcome(stack, finding, index[finding.code.id]) }
    });
    let rules = codes.values().map(|code| rule(code)).collect();
    let driver = Driver { name: "ut", version: env!("CARGO_PKG_VERSION"), rules };
    let run =
        Run { tool: Tool { driver }, column_kind: "unicodeCodePoints", results: results.collect() };
    Log { schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [run] }
}

/// What is found, and what is left with a reason.
fn of_stack(stack: &Judged) -> impl Iterator<Item = (&Judged, &Finding, Option<&Suppressed>)> {
    let found = stack.findings.iter().map(move |finding| (stack, finding, None));
    found.chain(stack.suppressed.iter().map(move |left| (stack, &left.finding, Some(left))))
}

fn suppression(suppressed: &Suppressed) -> Suppression {
    Suppression {
        kind: if suppressed.at.is_some() { "inSource" } else { "external" },
        justification: suppressed.reason.clone(),
    }
}

fn rule(code: &Code) -> Rule {
    let words = code.name.split('-');
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    Rule {
        id: code.id,
        name: words.map(capital).collect(),
        short_description: Message { text: format!("{}.", code.about) },
        default_configuration: Configuration { level: code.severity },
    }
}

fn outcome(stack: &Judged, finding: &Finding, rule_index: usize) -> Outcome {
    let id = finding.code.id;
    let help = finding.help.as_ref().map_or_else(String::new, |help| format!("\nhelp: {help}"));
    let identity = [id, stack.region(finding.span).file, &finding.message].join("\0");
    let note = |(span, text): &(Span, String)| location(stack, *span, Some(text.clone()));
    Outcome {
        rule_id: id,
        rule_index,
        level: finding.severity,
        message: Message { text: message(finding) + &help },
        locations: [location(stack, finding.span, None)],
        related_locations: finding.notes.iter().map(note).collect(),
        partial_fingerprints: Fingerprints {
            finding: blake3::hash(identity.as_bytes()).to_hex().to_string(),
        },
        suppressions: Vec::new(),
    }
}

fn location(stack: &Judged, span: Span, text: Option<String>) -> Location {
    let region = stack.region(span);
    Location {
        physical_location: PhysicalLocation {
            artifact_location: ArtifactLocation { uri: uri(region.file) },
            region: Region {
                start_line: region.line,
                start_column: region.column,
                end_line: region.end_line,
                end_column: region.end_column,
            },
        },
        message: text.map(|text| Message { text }),
    }
}

/// A file as a reference: relative ones stay so, so that they hold wherever the log is read.
fn uri(name: &str) -> String {
    let path = utf8_percent_encode(name, PATH).to_string();
    match name {
        "-" | "standard input" => "stdin".to_owned(),
        _ if name.starts_with('/') => format!("file://{path}"),
        _ => path.strip_prefix("./").unwrap_or(&path).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::commands::compose_validate::judged::samples;
    use crate::compose::codes;

    fn value(stacks: &[Judged]) -> Value {
        serde_json::to_value(log(stacks)).unwrap()
    }

    fn several() -> Vec<Judged> {
        let mut odd = samples::stack(&[("/srv/ü 1.yaml", ""), ("standard input", "é\t\u{1b}x")]);
        odd.findings = vec![
            Finding::new(codes::SYNTAX, Span::top(0), "nothing in it"),
            Finding::new(codes::UNSET_VARIABLE, Span { file: 1, start: 4, end: 5 }, "odd \u{1b}%")
                .note(Span::top(1), "here\n"),
        ];
        vec![samples::three_findings(), odd]
    }

    #[test]
    fn a_log_is_what_the_standard_says() {
        let schema = include_str!("../../../tests/fixtures/compose/sarif-schema-2.1.0.json");
        // A bracket alone is no regular expression to a strict reader.
        let schema = schema.replace("{2}]?$", "{2}$");
        let schema: Value = serde_json::from_str(&schema).unwrap();
        let schema = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        for stacks in [several(), Vec::new()] {
            let log = value(&stacks);
            let errors: Vec<String> = schema.iter_errors(&log).map(|e| e.to_string()).collect();
            assert!(errors.is_empty(), "{errors:#?}");
        }
        let mut wrong = value(&several());
        wrong["runs"][0]["results"][0]["level"] = json!("fatal");
        assert!(!schema.is_valid(&wrong));
    }

    #[test]
    fn rules_are_those_that_occur() {
        let log = value(&several());
        let run = &log["runs"][0];
        let ids: Vec<&Value> =
            run["results"].as_array().unwrap().iter().map(|r| &r["ruleId"]).collect();
        assert_eq!(ids, ["CV033", "CV010", "CV037", "CV001", "CV007"]);
        for result in run["results"].as_array().unwrap() {
            let index = result["ruleIndex"].as_u64().unwrap() as usize;
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        }
        assert_eq!(run["tool"]["driver"]["rules"].as_array().unwrap().len(), 5);
        assert_eq!(
            run["tool"]["driver"]["rules"][2],
            json!({
                "id": "CV010", "name": "UnknownKey",
                "shortDescription": {"text": "a key that Compose does not know."},
                "defaultConfiguration": {"level": "error"},
            })
        );
    }

    #[test]
    fn a_result_says_all_that_is_known() {
        let log = value(&several());
        let results = &log["runs"][0]["results"];
        assert_eq!(
            results[1]["message"]["text"],
            "`imagee` is no key of a service (and 1 more service)\nhelp: did you mean `image`?"
        );
        let mut result = results[2].clone();
        let print = result["partialFingerprints"].take();
        assert_eq!(
            result,
            json!({
                "ruleId": "CV037", "ruleIndex": 4, "level": "note",
                "message": {"text": "50% more"},
                "locations": [{"physicalLocation": {
                    "artifactLocation": {"uri": "deploy/over%20ride.yaml"},
                    "region": {"startLine": 3, "startColumn": 20, "endLine": 3, "endColumn": 22},
                }}],
                "relatedLocations": [{
                    "physicalLocation": {
                        "artifactLocation": {"uri": "compose.yaml"},
                        "region": {"startLine": 4, "startColumn": 16, "endLine": 4, "endColumn": 18},
                    },
                    "message": {"text": "than here"},
                }],
                "partialFingerprints": null,
                "suppressions": [],
            })
        );
        let identity = "CV037\0deploy/over ride.yaml\x0050% more";
        assert_eq!(print["finding/v1"], blake3::hash(identity.as_bytes()).to_hex().as_str());
    }

    #[test]
    fn files_are_references() {
        for (name, reference) in [
            ("compose.yaml", "compose.yaml"),
            ("./a/b.yml", "a/b.yml"),
            ("../a:b/ü#1?.yml", "../a%3Ab/%C3%BC%231%3F.yml"),
            ("/srv/a b.yml", "file:///srv/a%20b.yml"),
            ("standard input", "stdin"),
        ] {
            assert_eq!(uri(name), reference);
        }
    }
}
