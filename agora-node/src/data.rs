//! `--check-data`: what is in a data directory, without changing it.

use std::path::Path;

use agora::config::Mode;
use agora::disk::{Directory, LOG, Recovered, Storage, inspect};
use serde_json::json;

use crate::failure::Failure;
use crate::output::{self, Format};

/// Reads the directory, and tells what it found.
pub(crate) fn check(path: &Path, format: Format) -> Result<(), Failure> {
    let file = path.join(LOG);
    if !file.exists() {
        return Err(Failure::usage(format!("data-dir: {} holds no log", path.display())));
    }
    let failed = |error: &dyn std::fmt::Display| Failure::fault(format!("data-dir: {}: {error}", file.display()));
    let bytes = Directory::open(path).and_then(|mut directory| directory.read()).map_err(|error| failed(&error))?;
    let found = inspect(&bytes).map_err(|error| failed(&error))?;
    let found = found.ok_or_else(|| failed(&"it is empty"))?;
    let line = match format {
        Format::Json => json(&file, &found),
        Format::Text => text(&file, &found),
    };
    output::write(line.as_bytes())
}

fn size(mode: Mode) -> Option<u8> {
    match mode {
        Mode::Majority(size) => Some(size),
        Mode::Reachable => None,
    }
}

fn json(file: &Path, found: &Recovered) -> String {
    let last = found.entries.last().map(|entry| entry.position.epoch.number);
    let object = json!({
        "file": file.display().to_string(),
        "node": found.node.uuid,
        "incarnation": found.node.incarnation,
        "cluster": found.owner.cluster,
        "cluster-size": size(found.owner.mode),
        "promise": found.promise.number,
        "entries": found.entries.len(),
        "last": found.last().0,
        "snapshot": found.base.index.0,
        "epoch": last,
        "bytes": found.length,
        "torn-bytes": found.torn,
    });
    format!("{object}\n")
}

fn text(file: &Path, found: &Recovered) -> String {
    let size = size(found.owner.mode).map_or_else(|| "no cluster-size".into(), |size| format!("cluster-size {size}"));
    let last = found
        .entries
        .last()
        .map(|entry| format!(", the last is {} of epoch {}", entry.position.index, entry.position.epoch.number));
    let snapshot = match found.base.index.0 {
        0 => String::new(),
        base => format!(", up to {base} only what still matters"),
    };
    let torn = match found.torn {
        0 => String::new(),
        torn => format!(", and {torn} that a crash tore and the next start cuts"),
    };
    format!(
        "log      {}\nnode     {}\ncluster  {}, {size}\npromise  epoch {}\nentries  {}{}{snapshot}\nbytes    {}{torn}\n",
        file.display(),
        found.node.uuid,
        found.owner.cluster,
        found.promise.number,
        found.entries.len(),
        last.unwrap_or_default(),
        found.length,
    )
}
