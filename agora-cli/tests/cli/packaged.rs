//! What a package is made of: completions and manual pages.

use std::process::Command;

use crate::driver::{Folder, User};

#[test]
fn bash_completes_a_command_and_a_flag() {
    let folder = Folder::new();
    let ended = User::new(9).runs(&["completions", "bash"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let script = folder.file("agora-cli", &ended.stdout);
    let completed = |words: &str, count: usize, last: &str| {
        let ask = format!(
            "source {}; set -- $(complete -p agora-cli); while [ $1 != -F ]; do shift; done
            COMP_WORDS=({words}); COMP_CWORD={count}; $2 agora-cli {last:?} ''; echo ${{COMPREPLY[@]}}",
            script.display()
        );
        let output = Command::new("bash").args(["--norc", "-c", &ask]).output().expect("bash runs");
        assert!(output.stderr.is_empty(), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
    };
    assert_eq!(completed("agora-cli sh", 1, "sh"), "show");
    assert_eq!(completed("agora-cli run --lo", 2, "--lo"), "--local");
}

#[test]
fn a_shell_that_is_not_known_is_refused_with_those_that_are() {
    let ended = User::new(9).runs(&["completions", "csh"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("bash, elvish, fish, powershell, zsh"), "{ended:?}");
}

#[test]
fn every_command_has_a_manual_page_with_all_its_flags() {
    let folder = Folder::new();
    let path = folder.path().to_str().expect("UTF-8");
    let ended = User::new(9).runs(&["man", path]);
    assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "", ""));
    let page = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("the page");
    for command in crate::help::COMMANDS {
        assert!(page("agora-cli.1").contains(&format!("agora\\-cli\\-{command}(1)")), "{command}");
        assert!(page(&format!("agora-cli-{command}.1")).contains(&format!("agora\\-cli\\-{command}")), "{command}");
    }
    assert!(page("agora-cli-run.1").contains("\\fB\\-\\-local\\fR \\fI<N>\\fR"), "{}", page("agora-cli-run.1"));
    let nested = ["member-list", "member-add", "member-remove", "member-replace", "leader-transfer"];
    for command in nested {
        assert!(page(&format!("agora-cli-{command}.1")).contains("NAME"), "{command}");
    }
    let pages = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(pages, crate::help::COMMANDS.len() + nested.len() + 1);
}

#[test]
fn pages_that_cannot_be_written_are_a_fault_that_names_the_folder() {
    let ended = User::new(9).runs(&["man", "/no/such/folder"]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        ended.stderr,
        "error: cannot write the pages to /no/such/folder: No such file or directory (os error 2)\n"
    );
}
