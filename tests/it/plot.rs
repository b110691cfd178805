//! The picture: every server in it, whatever it is called and however it is.

use crate::support::{Sandbox, line, metrics};

/// The texts of a picture, which must be well-formed.
fn texts(svg: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(svg).unwrap();
    let texts = document.descendants().filter(|n| n.has_tag_name("text"));
    texts.map(|n| n.text().unwrap_or_default().trim().to_owned()).collect()
}

fn polylines(svg: &str) -> usize {
    let document = roxmltree::Document::parse(svg).unwrap();
    // Axes and marks are drawn with two points.
    let long = |n: &roxmltree::Node<'_, '_>| {
        n.attribute("points").is_some_and(|p| p.split_whitespace().count() > 2)
    };
    document.descendants().filter(|n| n.has_tag_name("polyline") && long(n)).count()
}

fn plotted(rows: &str, args: &[&str]) -> String {
    let sandbox = Sandbox::new();
    let ran = sandbox.infer_rows(rows, &[&["--plot", "out.svg", "--format", "csv"], args].concat());
    assert!(matches!(ran.code, Some(0 | 75)), "{ran:?}");
    std::fs::read_to_string(sandbox.path("out.svg")).unwrap()
}

#[test]
fn every_server_has_its_panel() {
    let mut rows = metrics(&["web-01", "<b>&\"'\u{7}"], 150);
    for step in 140..150 {
        rows += &format!("{}\n", line("db-02", step));
    }
    let svg = plotted(&rows, &[]);
    let texts = texts(&svg);
    for text in ["web-01", "<b>&\"'\u{fffd}", "db-02", "needs 65 more steps", "now", "+5m", "−10m"]
    {
        assert!(texts.iter().any(|t| t == text), "{text} is not in {texts:?}");
    }
    assert!(texts[0].starts_with("cpu_r, next 8 min, from 2026-01-07T09:12:25Z"), "{texts:?}");
    assert!(texts.iter().any(|t| t == "80 % band"), "{texts:?}");
    assert_eq!(polylines(&svg), 2 + 2 + 1, "history and median of two, history of the third");
    assert!(svg.contains("prefers-color-scheme: dark"));
    assert_eq!(svg, plotted(&rows, &[]), "the same rows make the same picture");
}

#[test]
fn a_gap_is_a_gap_in_the_picture() {
    let mut rows = metrics(&["web-01"], 40);
    for step in 45..140 {
        rows += &format!("{}\n", line("web-01", step));
    }
    let svg = plotted(&rows, &["--window", "w"]);
    assert_eq!(polylines(&svg), 3, "two stretches and the median");
    let svg = plotted(&rows, &["--window", "w", "--quantile", "0.5"]);
    assert!(!texts(&svg).iter().any(|t| t.contains("band")), "one quantile has no band");
}

#[test]
fn more_servers_than_a_picture_holds_are_said() {
    let sandbox = Sandbox::new();
    let names: Vec<String> = (0..120).map(|i| format!("node-{i:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let ran = sandbox.infer_rows(metrics(&names, 3), &["--plot", "out.svg"]);
    assert_eq!(ran.code, Some(75));
    assert!(ran.stderr.contains("out.svg shows the first 100 of 120 servers"), "{}", ran.stderr);
    let svg = std::fs::read_to_string(sandbox.path("out.svg")).unwrap();
    let panels = texts(&svg).iter().filter(|t| t.starts_with("node-")).count();
    assert_eq!(panels, 100);
}

#[test]
fn a_picture_that_cannot_be_drawn_costs_nobody_the_forecast() {
    let sandbox = Sandbox::new();
    let rows = metrics(&["web-01"], 80);
    let ran = sandbox.infer_rows(&rows, &["--plot", "nowhere/out.svg", "--format", "csv"]);
    ran.fails(3, &["cannot write nowhere/out.svg"]);
    assert_eq!(ran.stdout.lines().count(), 97);
    sandbox.infer_rows(&rows, &["--plot", "out.png"]).fails(2, &["ends in .svg"]);
    assert!(!sandbox.path("out.png").exists());
}
