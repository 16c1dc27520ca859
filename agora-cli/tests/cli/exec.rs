//! Bidders that are programs.

use serde_json::Value;

use crate::driver::{Ended, Folder, User};

/// An auction of two rounds between `rita`, who bids 5 and 5, and a shell program.
fn runs(program: &str, more: &str) -> Ended {
    let folder = Folder::new();
    folder.file("program.sh", program);
    let script = format!(
        r#"[auction]
item = "Vase"
min-bid = "5"
rounds = 2
bidders = 2
round-timeout = "20s"

[[bidder]]
name = "rita"
bids = ["5", "5"]

[[bidder]]
name = "paul"
exec = ["sh", "program.sh"]
{more}
"#
    );
    let path = folder.file("script.toml", &script);
    User::new(9).json(&["run", path.to_str().expect("UTF-8"), "--local", "1"])
}

fn failures(ended: &Ended) -> Vec<(Value, String)> {
    let failed = |line: &Value| line["event"] == "bidder-failed" && line["name"] == "paul";
    let lines = ended.lines();
    lines.iter().filter(|line| failed(line)).map(|line| (line["round"].clone(), line["reason"].to_string())).collect()
}

fn result(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.lines().pop().expect("a last line")
}

#[test]
fn a_program_is_told_every_event_and_bids() {
    let ended = runs(
        r#"read hello
echo "$hello" >&2
while read event; do
  case "$event" in *round-started*) echo '{"bid": "7.25"}';; esac
done
echo "bye" >&2
"#,
        "",
    );
    let result = result(&ended);
    assert_eq!((&result["winner"], &result["total"]), (&"paul".into(), &"14.5".into()));
    let (hello, bye) = (ended.stderr.lines().next().expect("hello"), ended.stderr.lines().last());
    let hello: Value = serde_json::from_str(hello.strip_prefix("paul: ").expect("its name first")).expect("JSON");
    assert_eq!((&hello["event"], &hello["name"]), (&"hello".into(), &"paul".into()));
    assert_eq!(hello["auction"]["item"], "Vase");
    assert_eq!(bye, Some("paul: bye"), "its stdin was closed, so it ended by itself");
}

#[test]
fn a_program_that_ends_passes_and_the_reason_is_told() {
    let ended = runs("exit 1", "");
    assert_eq!(result(&ended)["winner"], "rita");
    let failures = failures(&ended);
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert!(failures[0].1.contains("has ended"));
}

#[test]
fn rubbish_is_a_pass_of_that_round_only() {
    let ended = runs(
        r#"while read event; do
  case "$event" in
    *'"round-started"'*'"round":1'*) echo 'I bid 7';;
    *'"round-started"'*) echo '{"round": 2, "bid": "20"}';;
  esac
done
"#,
        "",
    );
    assert_eq!(result(&ended)["total"], "20");
    let failures = failures(&ended);
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!(failures[0].0, 1);
    assert!(failures[0].1.contains("not an answer"));
}

#[test]
fn a_program_that_stalls_passes_at_its_time_limit_and_is_killed_in_the_end() {
    let ended = runs("exec sleep 1000", "time-limit = \"100ms\"");
    assert_eq!(result(&ended)["winner"], "rita");
    assert_eq!(failures(&ended).len(), 2, "{ended:?}");
}

#[test]
fn a_refused_bid_is_told_and_another_may_follow() {
    let ended = runs(
        r#"while read event; do
  case "$event" in
    *'"bid-refused"'*BELOW_MINIMUM*) echo '{"bid": "6"}';;
    *'"round-started"'*) echo '{"bid": "1"}';;
  esac
done
"#,
        "",
    );
    assert_eq!(result(&ended)["total"], "12");
    let refused: Vec<_> = ended.lines().into_iter().filter(|line| line["event"] == "bid-refused").collect();
    assert_eq!(refused.len(), 2);
    assert!(refused.iter().all(|line| line["code"] == "BELOW_MINIMUM" && line["name"] == "paul"));
}

#[test]
fn a_program_that_repeats_what_is_refused_passes_and_the_auction_ends() {
    // It asks for more than a leader refuses at a time.
    for program in [
        r#"while read event; do
  case "$event" in *'"round-started"'*|*'"bid-refused"'*) echo '{"bid": "1"}';; esac
done
"#,
        r#"i=0
while [ $i -lt 200 ]; do echo '{"round": 1, "bid": "1"}'; i=$((i + 1)); done
while read event; do
  case "$event" in *'"round-started"'*'"round":2'*) echo '{"pass": true}';; esac
done
"#,
    ] {
        let ended = runs(program, "");
        assert_eq!(result(&ended)["winner"], "rita");
        let failures = failures(&ended);
        let refused = ended.lines().iter().filter(|line| line["event"] == "bid-refused").count();
        // One more, if it was there before the first round.
        assert!(refused >= 8 && refused <= 8 * failures.len() + 8, "{ended:?}");
        assert_eq!(failures[0].0, 1, "{failures:?}");
        assert!(failures.iter().all(|(_, reason)| reason.contains("8 answers to one round were refused")));
    }
}

#[test]
fn a_request_that_the_leader_does_not_answer_ends_with_its_round() {
    // After 64 refusals within a minute the leader says BUSY: the next one has no outcome.
    let folder = Folder::new();
    let bids = vec!["\"1\""; 66].join(", ");
    let script = format!(
        "[auction]\nitem = \"Vase\"\nmin-bid = \"5\"\nrounds = 66\nbidders = 1\nround-timeout = \"500ms\"\n\
         [[bidder]]\nname = \"paul\"\nbids = [{bids}]\n"
    );
    let path = folder.file("script.toml", &script);
    let ended = User::new(9).json(&["run", path.to_str().expect("UTF-8"), "--local", "1"]);
    assert_eq!(result(&ended)["winner"], Value::Null);
    let failures = failures(&ended);
    assert_eq!(failures.len(), 2, "{failures:?}");
    assert!(failures.iter().all(|(_, reason)| reason.contains("did not answer before the round was over")));
}
