use std::time::Duration;

use proptest::prelude::*;

use super::{DurationError, Mode, Preset, Settings, UnknownPreset, format_duration, parse_duration};

#[test]
fn durations_are_numbers_with_units() {
    for (text, micros) in [
        ("250ms", 250_000),
        ("20s", 20_000_000),
        ("2m", 120_000_000),
        ("1.5s", 1_500_000),
        ("24h", 86_400_000_000),
        (" 3 d ", 3 * 86_400_000_000),
        ("7us", 7),
        ("0", 0),
    ] {
        assert_eq!(parse_duration(text), Ok(Duration::from_micros(micros)), "{text}");
    }
}

#[test]
fn what_is_no_duration_is_refused_with_the_reason() {
    assert_eq!(parse_duration("20"), Err(DurationError::NoUnit("20".into())));
    assert_eq!(parse_duration(""), Err(DurationError::NoNumber(String::new())));
    assert_eq!(parse_duration("-1s"), Err(DurationError::NoNumber("-1s".into())));
    assert_eq!(
        parse_duration("3 parsecs"),
        Err(DurationError::UnknownUnit { text: "3 parsecs".into(), unit: "parsecs".into() })
    );
    for text in ["0.0000001s", "1.s", "99999999999d", "1.2.3s", "99999999999999999999999s"] {
        assert!(matches!(parse_duration(text), Err(DurationError::OutOfRange(_))), "{text}");
    }
}

proptest! {
    #[test]
    fn a_written_duration_reads_back_the_same(micros in 0_u64..1_000_000_000_000) {
        let duration = Duration::from_micros(micros);
        prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,40}") {
        let _ = parse_duration(&text);
    }
}

#[test]
fn presets_are_valid_and_known_by_their_names() {
    for preset in [Preset::Lan, Preset::Fast, Preset::Classic] {
        assert_eq!(preset.settings().validate(), Ok(()));
        assert_eq!(preset.to_string().parse(), Ok(preset));
    }
    assert_eq!("slow".parse::<Preset>(), Err(UnknownPreset("slow".into())));
}

#[test]
fn classic_has_the_documented_values() {
    let classic = Settings::classic();
    assert_eq!(classic.heart_beat_interval, Duration::from_secs(20));
    assert_eq!(classic.heart_beat_timeout, Duration::from_secs(60));
    assert_eq!(classic.max_missed_heart_beats, 2);
    assert_eq!(classic.replication_interval, Duration::from_secs(5));
    assert_eq!(classic.auction_start_timeout, Duration::from_secs(60));
    assert_eq!(classic.election_timeout_interval, Duration::from_secs(3));
}

#[test]
fn a_setting_that_cannot_be_names_its_key_and_the_reason() {
    let refused = |change: fn(&mut Settings)| {
        let mut settings = Settings::lan();
        change(&mut settings);
        settings.validate().expect_err("refused").to_string()
    };
    for (message, expected) in [
        (refused(|s| s.mode = Mode::Majority(0)), "cluster-size: 0 is not within 1 to 15"),
        (refused(|s| s.mode = Mode::Majority(16)), "cluster-size: 16 is not within 1 to 15"),
        (refused(|s| s.cluster.clear()), "cluster: the name has 0 bytes; 1 to 64 are allowed"),
        (refused(|s| s.cluster = "x".repeat(65)), "cluster: the name has 65 bytes; 1 to 64 are allowed"),
        (
            refused(|s| s.heart_beat_interval = Duration::from_millis(4)),
            "heart-beat-interval: 4ms is less than 5ms: shorter ones drown in scheduling",
        ),
        (
            refused(|s| s.heart_beat_timeout = Duration::from_millis(40)),
            "heart-beat-timeout: 40ms is less than 50ms: a node would be failed before its next heartbeat",
        ),
        (refused(|s| s.max_missed_heart_beats = 101), "max-missed-heart-beats: 101 is more than 100"),
        (refused(|s| s.max_auctions = 0), "max-auctions: 0 would refuse every auction"),
    ] {
        assert_eq!(message, expected);
    }
}

#[cfg(feature = "actors")]
mod file {
    use serde::Deserialize;

    use super::super::Interval;
    use super::super::file::{FileError, nearest, parse};

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    struct Example {
        heart_beat_interval: Option<Interval>,
        cluster: Option<String>,
    }

    fn reason(text: &str) -> (usize, String) {
        match parse::<Example>("a.toml", text) {
            Err(FileError::Wrong { path, line, reason }) if path == "a.toml" => (line, reason),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_the_key_that_was_meant() {
        let (line, reason) = reason("cluster = \"x\"\n\nhartbeat-interval = \"5s\"\n");
        assert_eq!(line, 3);
        assert_eq!(reason, "unknown key `hartbeat-interval`; did you mean `heart-beat-interval`?");
    }

    #[test]
    fn a_key_like_no_other_is_refused_with_all_that_there_are() {
        let (line, reason) = reason("colour = \"red\"");
        assert_eq!(line, 1);
        assert_eq!(reason, "unknown key `colour`, expected `heart-beat-interval` or `cluster`");
    }

    #[test]
    fn a_wrong_value_and_broken_syntax_name_their_line() {
        assert_eq!(
            reason("\nheart-beat-interval = \"5\""),
            (2, "`5` has no unit; write for example `5ms` or `5s`".into())
        );
        assert_eq!(reason("cluster = \"x\"\ncluster = ").0, 2);
    }

    #[test]
    fn only_a_close_word_is_suggested() {
        let words = || ["bind", "join", "cluster", "cluster-size"].into_iter();
        assert_eq!(nearest("cluster_size", words()), Some("cluster-size"));
        assert_eq!(nearest("bnd", words()), Some("bind"));
        assert_eq!(nearest("zebra", words()), None);
    }
}
