//! What a package is made of: completions and a manual page.

use std::fs;
use std::path::PathBuf;

use crate::program::{command, run};

#[test]
fn completions_name_every_flag_of_the_help() {
    let (status, script, stderr) = run(&mut command(&["--completions", "fish"]));
    assert_eq!((status, stderr.as_str()), (0, ""));
    for flag in ["bind", "cluster-size", "heart-beat-interval", "print-config"] {
        assert!(script.contains(&format!("complete -c agora-node -l {flag} ")), "{flag} is not in {script}");
    }
    let (status, _, stderr) = run(&mut command(&["--completions", "csh"]));
    assert_eq!(status, 2);
    assert!(stderr.contains("bash, elvish, fish, powershell, zsh"), "{stderr}");
}

#[test]
fn the_manual_page_is_written_whole_or_the_folder_is_named() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("man");
    fs::create_dir_all(&folder).expect("the folder is writable");
    let path = folder.display().to_string();
    let (status, stdout, stderr) = run(&mut command(&["--man", &path]));
    assert_eq!((status, stdout.as_str(), stderr.as_str()), (0, "", ""));
    let page = fs::read_to_string(folder.join("agora-node.1")).expect("the page");
    for part in [".SH NETWORK", "\\-\\-cluster\\-size", "Exit status: 0 stopped as asked"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    let (status, _, stderr) = run(&mut command(&["--man", "/no/such/folder"]));
    assert_eq!((status, stderr.lines().count()), (1, 1));
    assert!(stderr.starts_with("error: cannot write the page to /no/such/folder: "), "{stderr}");
}
