//! A file of runs, a JSON object a line, that adds up over many.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use serde_json::{Map, Value};

/// Adds a run to the file, and tells what all runs in it are together. Of `failed`, those are counted that name a seed.
pub(crate) fn append(path: &Path, run: &Value) {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.and_then(|mut file| writeln!(file, "{run}")).expect("the file can be written");
    let text = std::fs::read_to_string(path).expect("the file can be read");
    eprintln!("{}: {}", path.display(), together(&text));
}

fn together(text: &str) -> String {
    let runs: Vec<Map<String, Value>> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let failed = runs.iter().filter(|run| run.get("failed").is_some_and(Value::is_u64)).count();
    let mut sums = BTreeMap::<&str, u64>::new();
    for (key, value) in runs.iter().flatten().filter(|(key, _)| !["from", "failed"].contains(&key.as_str())) {
        *sums.entry(key).or_default() += value.as_u64().unwrap_or(0);
    }
    let sums: Vec<String> = sums.iter().map(|(key, sum)| format!("{key} {sum}")).collect();
    format!("{} runs, {failed} failed; {}", runs.len(), sums.join(", "))
}

#[test]
fn runs_are_added_up() {
    let text = r#"{"from":0,"seeds":10,"bids":3,"failed":null}
{"from":10,"seeds":5,"bids":4,"failed":12}
"#;
    assert_eq!(together(text), "2 runs, 1 failed; bids 7, seeds 15");
}
