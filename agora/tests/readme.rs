//! What README says of the library is what compiles: its snippet is the crate documentation's example.

const README: &str = include_str!("../../README.md");
const FRONT_PAGE: &str = include_str!("../src/lib.rs");

/// The first code block after `from` that is opened by `fence`, its lines without `prefix` and without hidden ones.
fn example<'a>(text: &'a str, from: &str, fence: &str, prefix: &str) -> Vec<&'a str> {
    let after = text.split_once(from).expect("its heading").1;
    let block = after.lines().skip_while(|line| *line != fence).skip(1);
    let lines = block.map(|line| line.strip_prefix(prefix).unwrap_or(line).trim_start_matches("//!"));
    lines.take_while(|line| *line != "```").filter(|line| !line.starts_with("# ")).collect()
}

#[test]
fn readmes_snippet_is_the_front_pages_example() {
    let snippet = example(README, "## As a library", "```rust", "");
    assert!(snippet.len() > 10, "{snippet:?}");
    assert_eq!(snippet, example(FRONT_PAGE, "//! # A node in a program", "//! ```", "//! "));
}
