//! The rules' own pages, and the table of all codes.

use std::path::Path;

use super::documents::judge;
use crate::support::Sandbox;

/// `UT_WRITE=1 cargo test --test it compose::pages` writes the pages anew.
#[test]
fn every_rule_has_its_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules");
    let sandbox = Sandbox::new();
    let list = judge(&sandbox, &["--list-rules", "--format", "json"]).succeeds().json();
    assert_eq!(list["schema"], "ut.compose-rules/1");
    let mut wanted = vec![("README.md".to_owned(), index(list["rules"].as_array().unwrap()))];
    for rule in list["rules"].as_array().unwrap() {
        let code = rule["code"].as_str().unwrap();
        let page = judge(&sandbox, &["--explain", code]).succeeds().stdout.clone();
        assert!(page.contains(&format!("[{code}]: ")), "{code} says nothing of its example");
        wanted.push((format!("{code}.md"), page));
    }
    if std::env::var_os("UT_WRITE").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        for (name, page) in &wanted {
            std::fs::write(folder.join(name), page).unwrap();
        }
    }
    for (name, page) in &wanted {
        let there = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(there == *page, "docs/rules/{name} is not in step: `just pages`");
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), wanted.len(), "a page without a rule");
}

fn index(rules: &[serde_json::Value]) -> String {
    let mut page = "# The rules\n\n`ut compose-validate --explain CODE` prints the same pages.\n\n\
        | code | | | sets | `--fix` | finds that |\n| --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for rule in rules {
        let text = |key: &str| rule[key].as_str().unwrap_or("–").to_owned();
        let sets: Vec<&str> =
            rule["sets"].as_array().unwrap().iter().filter_map(|set| set.as_str()).collect();
        let code = text("code");
        page += &format!(
            "| [{code}]({code}.md) | `{}` | {} | {} | {} | {} |\n",
            text("name"),
            text("severity"),
            sets.join(", "),
            text("fix"),
            text("about")
        );
    }
    page
}

/// A code of reading is explained in a sentence.
#[test]
fn codes_of_reading_are_explained_too() {
    let sandbox = Sandbox::new();
    for text in ["CV036", "cv036", "obsolete-version"] {
        let page = judge(&sandbox, &["--explain", text]).succeeds().stdout.clone();
        assert!(page.starts_with("# CV036 `obsolete-version`\n\nwarning: "), "{page}");
    }
}
