//! docs/scripts.md: its scripts are played; its tables and examples are held against what is printed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Deserializer, Value};

use crate::driver::{Cluster, Ended, Folder, User, line_until};
use crate::members::observes;

const PAGE: &str = include_str!("../../../docs/scripts.md");

/// What was printed, by the name of the event or the command.
type Seen = BTreeMap<String, Vec<Value>>;
type Keys = BTreeSet<String>;

/// The blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fences = PAGE.split("\n```").skip(1).step_by(2);
    fences.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n')).collect()
}

/// A file of the page: its first line is a comment with its name, and, of a script, how it ends.
struct File {
    name: &'static str,
    end: Option<&'static str>,
    text: &'static str,
}

fn files(language: &str) -> Vec<File> {
    let file = |text: &'static str| {
        let head = text.lines().next().and_then(|line| line.strip_prefix("# ")).expect("a file begins with its name");
        let (name, end) = head.split_once(": ").map_or((head, None), |(name, end)| (name, Some(end)));
        File { name, end, text }
    };
    blocks(language).into_iter().map(file).collect()
}

/// All files of the page, beside each other.
fn folder() -> Folder {
    let folder = Folder::new();
    for File { name, text, .. } in files("toml").into_iter().chain(files("python")) {
        folder.file(name, text);
    }
    folder
}

fn path(folder: &Folder, name: &str) -> String {
    folder.path().join(name).to_str().expect("UTF-8").to_owned()
}

/// The scripts that end well, each with what was printed.
static PLAYED: LazyLock<Vec<(File, Ended)>> = LazyLock::new(|| {
    let folder = folder();
    let play = |file: File| {
        let ended = User::new(9).json(&["run", &path(&folder, file.name), "--local", "1"]);
        (file, ended)
    };
    files("toml").into_iter().filter(|file| file.end.is_some()).map(play).collect()
});

/// The rows of the table whose head begins so: the words between backticks, cell by cell.
fn table(head: &str) -> Vec<Vec<Keys>> {
    let words = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let rows = PAGE.lines().skip_while(|line| !line.starts_with(head)).skip(2).take_while(|line| line.starts_with('|'));
    let rows: Vec<_> = rows.map(|row| row.trim_matches('|').split('|').map(words).collect()).collect();
    assert!(!rows.is_empty(), "there is no table {head}");
    rows
}

/// By name: the keys that are always there, and all that may be.
fn keys(kind: &str) -> BTreeMap<String, (Keys, Keys)> {
    let row = |row: Vec<Keys>| {
        let name = row[0].first().expect("a name").clone();
        (name, (row[1].clone(), &row[1] | &row[2]))
    };
    table(&format!("| {kind} | always | sometimes |")).into_iter().map(row).collect()
}

fn keys_of(object: &Value) -> Keys {
    object.as_object().expect("an object").keys().filter(|key| *key != "event").cloned().collect()
}

/// The table says what is always there, and what is there at times, and nothing else.
fn assert_told(kind: &str, seen: &Seen) {
    let keys = keys(kind);
    assert_eq!(keys.keys().collect::<Vec<_>>(), seen.keys().collect::<Vec<_>>(), "of the table, and printed");
    for (name, objects) in seen {
        let each: Vec<_> = objects.iter().map(keys_of).collect();
        let all = each.iter().fold(Keys::new(), |all, keys| &all | keys);
        let always = each.iter().fold(all.clone(), |always, keys| &always & keys);
        assert_eq!(keys[name], (always, all), "`{name}`: always, and in all; the page, and what is printed");
    }
}

fn note(seen: &mut Seen, objects: impl IntoIterator<Item = Value>) {
    for object in objects {
        seen.entry(object["event"].as_str().expect("its name").to_owned()).or_default().push(object);
    }
}

#[test]
fn every_script_ends_as_the_page_says() {
    let scripts = files("toml");
    assert_eq!(
        scripts.iter().filter(|file| file.end.is_none()).map(|file| file.name).collect::<Vec<_>>(),
        ["broken.toml"]
    );
    assert!(PLAYED.len() > 3);
    for (file, ended) in PLAYED.iter() {
        assert_eq!(ended.code, Some(0), "{}: {ended:?}", file.name);
        let result = ended.lines().pop().expect("a result");
        let text = |key: &str| result[key].as_str().unwrap_or_default().to_owned();
        let end = format!("{} wins with {}", text("winner"), text("total"));
        assert_eq!(file.end, Some(&*end), "{}", file.name);
    }
}

#[test]
fn the_mistakes_of_the_broken_script_are_those_of_the_page() {
    let folder = folder();
    let ended = User::new(9).runs(&["run", &path(&folder, "broken.toml")]);
    assert_eq!(ended.code, Some(2));
    let said = ended.stderr.replace(&path(&folder, ""), "");
    assert_eq!(blocks("text"), [said.trim_end()]);
}

/// Runs of a cluster that stays: looked at again by each side, left, cancelled, and without a leader in the end.
fn other_events(seen: &mut Seen) {
    let (folder, cluster) = (folder(), Cluster::of(1));
    let user = User::new(cluster.broadcast_port);
    let painting = path(&folder, "painting.toml");
    let role = |name: &str| path(&folder, &format!("roles/{name}.toml"));
    let roles = path(&folder, "roles");

    let played = user.json(&["run", &painting, "--identities", &roles]);
    let auction = played.lines()[1]["auction"].as_str().expect("an id").to_owned();
    for watch in [&["--identity", &role("carol"), "watch"][..], &["--identity", &role("bob"), "watch"], &["watch"]] {
        note(seen, user.json(&[watch, &[auction.as_str()]].concat()).lines());
    }

    let mut run = user.begins(&["run", &painting, "--identities", &roles, "--only", "auctioneer,alice"]);
    let joined = line_until(&mut run, |line| line["event"] == "participant-joined");
    let auction = joined["auction"].as_str().expect("an id");
    for command in ["join", "leave"] {
        user.json(&[command, auction]).line();
    }
    user.json(&["--identity", &role("alice"), "leave", auction]).line();
    user.json(&["--identity", &role("auctioneer"), "cancel", auction]).line();
    let cancelled: Ended = run.wait_with_output().expect("it ends").into();
    assert_eq!(cancelled.code, Some(5), "{cancelled:?}");
    note(seen, cancelled.lines());

    let mut watch = user.begins(&["watch"]);
    let leader = line_until(&mut watch, |line| line["event"] == "leader");
    cluster.kill(&leader["leader"]);
    note(seen, [line_until(&mut watch, |line| line["event"] == "leader" && line["leader"].is_null())]);
    watch.kill().expect("it runs");
    watch.wait().expect("it ends");
}

#[test]
fn the_table_of_events_names_the_keys_that_are_printed() {
    let mut seen = Seen::new();
    note(&mut seen, PLAYED.iter().flat_map(|(_, ended)| ended.lines()));
    let folder = folder();
    let crash = ["--local", "3", "--crash", "leader@2", "--trace"];
    note(&mut seen, User::new(9).json(&[&["run", &path(&folder, "painting.toml")][..], &crash].concat()).lines());
    other_events(&mut seen);
    assert_told("event", &seen);
}

#[test]
fn the_table_of_commands_names_the_keys_that_they_print() {
    let mut cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    let leader = user.json(&["status", "--wait", "1"]).line()["leader"].as_str().expect("a leader").to_owned();
    let node = cluster.join();
    observes(&user, &node);
    let mut seen = Seen::new();
    let mut does = |command: &[&str]| {
        let ended = user.json(command);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let nested = matches!(command[0], "member" | "leader");
        let name = command[..=usize::from(nested)].join(" ");
        seen.entry(name).or_default().extend(ended.lines());
        ended.lines()[0]["auction"].as_str().unwrap_or_default().to_owned()
    };
    let create = ["create", "--item", "Vase", "--rounds", "1", "--bidders", "1"];
    let highest = does(&[&create[..], &["--min-bid", "1"]].concat());
    let lowest = does(&[&create[..], &["--rule", "lowest", "--max-bid", "9"]].concat());
    let cancelled = does(&[&create[..], &["--min-bid", "1"]].concat());
    for auction in [&highest, &lowest] {
        for command in ["join", "leave", "join"] {
            does(&[command, auction, "--as", "alice"]);
        }
        does(&["start", auction]);
        does(&["show", auction]);
    }
    does(&["bid", &highest, "5", "--as", "alice"]);
    does(&["pass", &lowest, "--as", "alice"]);
    does(&["cancel", &cancelled]);
    for auction in [&highest, &lowest, &cancelled] {
        does(&["show", auction]);
    }
    does(&["list"]);
    does(&["status"]);
    does(&["member", "list"]);
    does(&["member", "add", &node]);
    does(&["leader", "transfer", "--to", &node]);
    does(&["member", "replace", &leader, &node]);
    does(&["member", "add", &leader]);
    does(&["member", "remove", &leader]);
    assert_told("command", &seen);
}

#[test]
fn every_key_of_the_tables_is_explained_and_no_other() {
    let named = ["event", "command", "line"].into_iter().flat_map(|kind| keys(kind).into_values());
    let named = named.fold(Keys::new(), |all, (_, keys)| &all | &keys);
    let explained: Vec<_> = table("| key | type | meaning |").iter().flat_map(|row| row[0].clone()).collect();
    assert_eq!(explained, named.into_iter().collect::<Vec<_>>());
}

const TWO: &str = r#"[auction]
item = "Vase"
min-bid = "5"
rounds = 6
bidders = 2
round-timeout = "20s"

[[bidder]]
name = "paul"
exec = ["sh", "paul.sh"]

[[bidder]]
name = "mute"
exec = ["sh", "mute.sh"]
time-limit = "2s"
"#;

/// Both bidders are shell programs, which read line by line what `paul` and `mute` choose from.
fn plays(script: &str, paul: &str, mute: &str) -> Ended {
    let folder = Folder::new();
    let program = |cases: &str| format!("while read -r event; do\ncase \"$event\" in\n{cases}\nesac\ndone\n");
    folder.file("paul.sh", &program(paul));
    folder.file("mute.sh", &program(mute));
    folder.file("script.toml", script);
    let ended = User::new(9).json(&["run", &path(&folder, "script.toml"), "--local", "1"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended
}

#[test]
fn the_lines_that_a_program_is_told_are_those_of_the_page() {
    let paul = r#"*'"bid-refused"'*) echo "$event" >&2; echo '{"pass": true}';;
        *'"round-started"'*) echo "$event" >&2; echo '{"bid": "1"}';;
        *) echo "$event" >&2;;"#;
    let ended = plays(&TWO.replace("rounds = 6", "rounds = 1"), paul, r#"*'"round-started"'*) echo '{"bid": "5"}';;"#);
    let told = ended.stderr.lines().map(|line| line.strip_prefix("paul: ").expect("its name comes first"));
    let mut seen = Seen::new();
    note(&mut seen, told.map(|line| serde_json::from_str(line).expect("JSON")));

    let (mut own, events, list) = (Seen::new(), keys("event"), keys("command").remove("list").expect("its row"));
    let shown = Deserializer::from_str(blocks("json")[0]).into_iter::<Value>();
    let shown: Vec<_> = shown.map(|example| example.expect("JSON")).collect();
    let names: BTreeSet<_> = shown.iter().map(|example| example["event"].as_str().expect("its name")).collect();
    assert!(seen.keys().all(|name| names.contains(name.as_str())), "{names:?}");
    for line in seen.into_values().flatten().chain(shown) {
        match line["event"].as_str().expect("its name") {
            "hello" => {
                let auction = keys_of(&line["auction"]);
                assert!(auction.is_superset(&list.0) && auction.is_subset(&list.1), "{line}");
                note(&mut own, [line]);
            }
            "bid-refused" => note(&mut own, [line]),
            name => {
                let (always, all) = &events[name];
                assert!(keys_of(&line).is_superset(always) && keys_of(&line).is_subset(all), "{line}");
                assert!(line.get("name").is_none(), "{line}");
            }
        }
    }
    assert_told("line", &own);
}

#[test]
fn the_reasons_of_failed_programs_are_those_of_the_page() {
    let paul = r#"*'"round-started"'*'"round":1'*) echo '{"bid": 7}';;
        *'"round-started"'*'"round":2'*) head -c 5000 /dev/zero | tr '\0' x; echo;;
        *'"round-started"'*'"round":3'*) printf '\377\n';;
        *'"round-started"'*'"round":4'*) echo "{\"bid\": \"$(head -c 65 /dev/zero | tr '\0' 1)\"}";;
        *'"round-started"'*'"round":5'*) echo '{"pass": true}'; echo '{"pass": true}';;
        *'"round-started"'*) exit;;"#;
    let mute = r#"*'"round-started"'*'"round":5'*) ;;
        *'"round-started"'*) echo '{"pass": true}';;"#;
    let first = plays(TWO, paul, mute);
    let silence = TWO.replace("time-limit", "#").replace("rounds = 6", "rounds = 1").replace("20s", "100ms");
    let second = plays(&silence, "", "");
    let reasons = first.lines().into_iter().chain(second.lines()).filter(|line| line["event"] == "bidder-failed");
    let reasons = reasons.map(|line| line["reason"].as_str().expect("a text").to_owned());
    let cut = |reason: String| if reason.starts_with("not an answer: ") { "not an answer: …".into() } else { reason };
    let told: Keys = table("| what happens |").into_iter().flat_map(|row| row[2].clone()).collect();
    assert_eq!(told, reasons.map(cut).collect::<Keys>());
}
