//! `meta.yaml`: flat mappings that MLflow writes with PyYAML.

use std::collections::HashMap;
use std::path::Path;

use granit_parser::{Event, Parser, ScalarStyle};

use crate::core::error::Fault;
use crate::core::files::Replacement;

/// The scalars at the top; null is left out. None if it is no mapping, or cut off.
pub(super) fn parse(text: &str) -> Option<HashMap<String, String>> {
    let mut found = HashMap::new();
    let (mut depth, mut key) = (0_u32, None::<String>);
    let mut is_mapping = false;
    for event in Parser::new_from_str(text) {
        match event.ok()?.0 {
            Event::MappingStart(..) | Event::SequenceStart(..) if depth == 0 => {
                depth = 1;
                is_mapping = true;
            }
            Event::MappingStart(..) | Event::SequenceStart(..) => depth += 1,
            Event::MappingEnd | Event::SequenceEnd => {
                depth -= 1;
                if depth == 1 {
                    key = None;
                }
            }
            Event::Scalar(value, style, ..) if depth == 1 => match key.take() {
                None => key = Some(value.into_owned()),
                Some(own) => {
                    let is_null = style == ScalarStyle::Plain
                        && matches!(&*value, "" | "~" | "null" | "Null" | "NULL");
                    if !is_null {
                        found.insert(own, value.into_owned());
                    }
                }
            },
            _ => {}
        }
    }
    (is_mapping && depth == 0).then_some(found)
}

/// Sets or removes scalars at the top; all other lines stay as they are.
pub(super) fn edit(text: &str, changes: &[(&str, Option<String>)]) -> Option<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (key, value) in changes {
        let head = format!("{key}:");
        let found = lines.iter().position(|line| line.starts_with(&head));
        match (found, value) {
            (Some(at), Some(value)) => lines[at] = format!("{key}: {value}"),
            (Some(at), None) => drop(lines.remove(at)),
            (None, Some(value)) => lines.push(format!("{key}: {value}")),
            (None, None) => {}
        }
    }
    let new = lines.join("\n") + "\n";
    let (mut old, now) = (parse(text)?, parse(&new)?);
    for (key, value) in changes {
        match value {
            Some(value) => old.insert((*key).to_owned(), value.clone()),
            None => old.remove(*key),
        };
    }
    // A value over several lines, or a key that is quoted, would come out wrong.
    (old == now).then_some(new)
}

/// The file with these changes, beside it until it takes its place.
pub(super) fn change(
    path: &Path,
    changes: &[(&str, Option<String>)],
) -> Result<Replacement, Fault> {
    let cannot = || Fault::failed(format!("cannot change {}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| cannot().because(e))?;
    match edit(&text, changes) {
        Some(new) => Replacement::new(path, new.as_bytes()).map_err(|e| cannot().because(e)),
        None => {
            Err(cannot().because(std::io::Error::other("it is not written as MLflow writes it")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const META: &str = "artifact_uri: /a/b\nend_time: null\nexperiment_id: '12'\n\
        lifecycle_stage: active\nrun_name: 'it''s: odd'\nstatus: 3\ntags: []\nuser_id: ''\n";

    #[test]
    fn scalars_are_read_as_they_are_meant() {
        let found = parse(META).unwrap();
        assert_eq!(found["experiment_id"], "12");
        assert_eq!(found["run_name"], "it's: odd");
        assert_eq!(found.get("end_time"), None);
        assert_eq!(found["user_id"], "");
        assert_eq!(parse("lifecycle_stage: 'acti"), None);
        assert_eq!(parse(""), None);
        assert_eq!(parse("just text"), None);
        assert_eq!(parse("[a, b"), None);
    }

    #[test]
    fn an_edit_changes_nothing_else() {
        let gone =
            [("lifecycle_stage", Some("deleted".to_owned())), ("deleted_time", Some("5".into()))];
        let new = edit(META, &gone).unwrap();
        assert!(
            new.contains("\nlifecycle_stage: deleted\n") && new.ends_with("\ndeleted_time: 5\n")
        );
        let back = [("lifecycle_stage", Some("active".to_owned())), ("deleted_time", None)];
        assert_eq!(edit(&new, &back).unwrap(), META);
        assert_eq!(edit("lifecycle_stage: 'a\n  b'\n", &gone), None);
    }
}
