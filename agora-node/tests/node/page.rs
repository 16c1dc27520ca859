//! `docs/nodes.md` says what the program does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use agora::transport::free_broadcast_port;

use crate::events::that_founded_apart;
use crate::program::{Node, command, run};

const PAGE: &str = include_str!("../../../docs/nodes.md");

/// The rows of the table under this heading, cell by cell.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let section = PAGE.split_once(&format!("\n## {heading}\n")).expect("the heading").1;
    let section = section.split("\n## ").next().unwrap_or(section);
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// What a cell has in ticks.
fn ticked(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

fn printed(preset: &str) -> toml::Table {
    let (status, config, stderr) = run(&mut command(&["--print-config", "--preset", preset]));
    assert_eq!(status, 0, "{stderr}");
    config.parse().expect("TOML")
}

#[test]
fn every_event_of_the_page_is_printed_with_its_keys_and_no_other_is() {
    let page: BTreeMap<&str, BTreeSet<&str>> = table("Events")
        .iter()
        .map(|row| (ticked(row[0])[0], ticked(row[1]).into_iter().chain(["event", "node"]).collect()))
        .collect();
    let port = free_broadcast_port().expect("a free port");
    let mut alone = Node::start(port, &["--cluster-size", "3"]);
    alone.await_event("waiting");
    let [mut low, mut high] = that_founded_apart();
    low.await_event("returned");
    low.await_event("ready");
    for node in [&mut alone, &mut low, &mut high] {
        node.terminate();
        node.await_event("stopped");
    }
    let mut told = BTreeMap::new();
    for event in [&alone, &low, &high].into_iter().flat_map(Node::events) {
        let keys: BTreeSet<&str> = event.as_object().expect("an object").keys().map(String::as_str).collect();
        told.insert(event["event"].as_str().expect("a name"), keys);
    }
    assert_eq!(page, told);
}

#[test]
fn the_settings_of_the_page_are_those_in_force_with_each_preset() {
    let presets = ["lan", "fast", "classic"].map(printed);
    let rows = table("Settings");
    for row in &rows {
        let key = ticked(row[0])[0].strip_prefix("--").expect("a flag");
        for (preset, cell) in presets.iter().zip(&row[1..]) {
            let shown = match preset.get(key) {
                None => "none".into(),
                Some(toml::Value::Array(list)) if list.is_empty() => "none".into(),
                Some(toml::Value::String(text)) => format!("`{text}`"),
                Some(value) => format!("`{value}`"),
            };
            assert_eq!(*cell, shown, "--{key}");
        }
    }
    let flags: BTreeSet<&str> = rows.iter().map(|row| ticked(row[0])[0]).collect();
    let (_, help, _) = run(&mut command(&["--help"]));
    let settings = help.split("\nProgram:\n").next().expect("the settings come before");
    let settings = settings.lines().filter(|line| line.starts_with("      --"));
    // Of what concerns the program, the format of the events is the one setting.
    assert_eq!(flags, settings.filter_map(|line| line.split_whitespace().next()).chain(["--output"]).collect());
}

#[test]
fn the_file_of_the_page_is_a_configuration() {
    let text = PAGE.split_once("```toml\n").expect("a file").1.split_once("```").expect("its end").0;
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("page.toml");
    fs::write(&path, text).expect("the folder is writable");
    let path = path.display().to_string();
    let (status, printed, stderr) = run(&mut command(&["--print-config", "--config", &path]));
    assert_eq!((status, stderr.as_str()), (0, ""));
    let (file, printed): (toml::Table, toml::Table) = (text.parse().expect("TOML"), printed.parse().expect("TOML"));
    assert!(file.iter().all(|(key, value)| printed[key] == *value), "{printed}");
}
